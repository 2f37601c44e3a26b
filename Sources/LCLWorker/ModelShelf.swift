// SPDX-License-Identifier: Apache-2.0
import LCLImage
import LCLJob
import LCLLink
import LCLModel

/// The models that a worker has loaded, each with its runner; the longest unused goes when there are too many.
public final class ModelShelf {
    private let searchPath: [String]
    let limits: ImageLimits
    private let capacity: Int
    private let threads: Int
    let memory: Int
    private let prefixes: PrefixCache?
    /// Most lately used last.
    private var loaded: [(name: String, runner: JobRunner, stamp: ModelDirectory.Stamp?)] = []

    /// - Parameters:
    ///   - directory: where models lie; `nil` is the usual search path.
    ///   - trained: where the daemon's trainings put theirs; looked through last.
    ///   - threads: that a language model may use.
    ///   - memory: bytes that a support set of a language model may take.
    ///   - prefixes: where support sets that language models have read are kept.
    public init(
        directory: String? = nil, trained: String? = nil, limits: ImageLimits = ImageLimits(), capacity: Int = 2, threads: Int = 1,
        memory: Int = LanguageLink.Options().memory, prefixes: PrefixCache? = nil
    ) {
        searchPath = ModelDirectory.searchPath(explicit: directory, trained: trained)
        self.limits = limits
        self.capacity = capacity
        (self.threads, self.memory, self.prefixes) = (threads, memory, prefixes)
    }

    /// - Throws: ``Failure`` `model.unknown`; `internal` where the model is damaged.
    public func runner(for name: String) throws -> JobRunner {
        let stamp = ModelDirectory.stamp(of: name, in: searchPath)
        // Another took its place.
        loaded.removeAll { $0.name == name && $0.stamp != stamp }
        if let i = loaded.firstIndex(where: { $0.name == name }) {
            loaded.append(loaded.remove(at: i))
        } else {
            loaded.append((name, JobRunner(model: try load(name), limits: limits), stamp))
            if loaded.count > capacity { loaded.removeFirst() }
        }
        return loaded[loaded.count - 1].runner
    }

    /// The model as it lies on the disk now.
    /// - Throws: as ``runner(for:)``.
    func directory(of name: String) throws -> ModelDirectory {
        try Self.told(name) { try ModelDirectory.find(name, in: searchPath) }
    }

    private func load(_ name: String) throws -> any LoadedModel {
        try Self.told(name) { try ModelLoader.load(name, in: searchPath, threads: threads, memory: memory, prefixes: prefixes) }
    }

    private static func told<T>(_ name: String, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as ModelError where error.kind == .notFound || error.kind == .badName {
            throw Failure(.modelUnknown, "there is no model '\(name)'; `lcl model list` shows the models", subject: "$.model")
        } catch {
            // Trying again would not mend it, so the job says why instead of wearing out its attempts.
            throw Failure(.internal, "model '\(name)' cannot be used: \(error); `lcl model verify` checks it", subject: "$.model")
        }
    }
}
