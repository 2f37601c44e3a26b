// SPDX-License-Identifier: Apache-2.0
import Glibc
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
    private let isWatchful: Bool
    /// Most lately used last.
    private var loaded: [(name: String, runner: JobRunner, watch: ModelWatch?)] = []

    /// The models that may be read, by the number of their directory's file; `nil` is all.
    private var admitted: Set<UInt64>?
    /// Other users' models, which were given up.
    private var renounced: [String] = []

    /// The model is none of those that may be read: it came since, or is another user's.
    struct Outdated: Error {}

    /// A file of the model was changed or cut short since it was loaded: nothing that it says is to be believed.
    struct Changed: Error {
        let model: String
    }

    /// - Parameters:
    ///   - directory: where models lie; `nil` is the usual search path.
    ///   - trained: where the daemon's trainings put theirs; looked through last.
    ///   - threads: that a language model may use.
    ///   - memory: bytes that a support set of a language model may take.
    ///   - prefixes: where support sets that language models have read are kept.
    ///   - isWatchful: whether the models' files are watched: for a process that lives long, and uses its shelf on one thread.
    public init(
        directory: String? = nil, trained: String? = nil, limits: ImageLimits = ImageLimits(), capacity: Int = 2, threads: Int = 1,
        memory: Int = LanguageLink.Options().memory, prefixes: PrefixCache? = nil, isWatchful: Bool = false
    ) {
        searchPath = ModelDirectory.searchPath(explicit: directory, trained: trained)
        self.limits = limits
        self.capacity = capacity
        (self.threads, self.memory, self.prefixes, self.isWatchful) = (threads, memory, prefixes, isWatchful)
    }

    /// Gives up other users' models, and all that come from now on.
    /// - Parameter user: 0 may read all.
    /// - Returns: what may be read from now on.
    func serve(_ user: UInt32) -> [String] {
        func mayRead(_ path: String) -> Bool {
            (try? ModelDirectory(path: path).card.trained).map { $0.shared || $0.owner == user || user == 0 } ?? true
        }
        // Not one that is being made: whose it is is not written yet.
        let all = searchPath.flatMap { folder in ModelDirectory.entries(of: folder).filter { ModelName.isValid(String($0.dropFirst(folder.count + 1))) } }
        let models = all.filter(mayRead)
        renounced = all.filter { !models.contains($0) }
        admitted = Set(models.compactMap(Self.number))
        return models + ModelDirectory.linked(models)
    }

    /// What was given up and can be read all the same.
    func breaches() -> [String] {
        renounced.filter { path in
            let card = open(path + "/" + ModelCard.fileName, O_RDONLY | O_CLOEXEC)
            defer { if card >= 0 { close(card) } }
            return card >= 0
        }.map { "read \($0)" }
    }

    private static func number(of path: String) -> UInt64? {
        var status = stat()
        return stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
    }

    /// The model of this name, loaded anew where its files were changed meanwhile: under this process, as its watch tells, or because
    /// another took its place, as its card tells.
    /// - Parameter alive: called now and then while it is loaded.
    /// - Throws: ``Failure`` `model.unknown`, `model.damaged`.
    public func runner(for name: String, alive: () -> Void = {}) throws -> JobRunner {
        let directory = try directory(of: name)
        loaded.removeAll { $0.watch?.isIntact == false || ($0.name == name && $0.runner.model.sha256 != directory.identity) }
        if let i = loaded.firstIndex(where: { $0.name == name }) {
            loaded.append(loaded.remove(at: i))
        } else {
            let (runner, watch) = try load(directory, alive)
            loaded.append((name, runner, watch))
            if loaded.count > capacity { loaded.removeFirst() }
        }
        return loaded[loaded.count - 1].runner
    }

    /// To be called before anything that the model made is passed on.
    /// - Throws: ``Changed``.
    func vouch(for name: String) throws(Changed) {
        if loaded.contains(where: { $0.name == name && $0.watch?.isIntact == false }) { throw Changed(model: name) }
    }

    /// The model as it lies on the disk now.
    /// - Throws: as ``runner(for:)``; ``Outdated``.
    func directory(of name: String) throws -> ModelDirectory {
        if let admitted, ModelName.isValid(name), let number = searchPath.lazy.compactMap({ Self.number(of: "\($0)/\(name)") }).first,
            !admitted.contains(number)
        {
            throw Outdated()
        }
        return try Self.told(name) { try ModelDirectory.find(name, in: searchPath) }
    }

    private func load(_ directory: ModelDirectory, _ alive: () -> Void) throws -> (JobRunner, ModelWatch?) {
        try Self.told(directory.card.name) {
            // Before it is loaded: what changes meanwhile is seen.
            let watch = isWatchful ? ModelWatch(directory) : nil
            let model = try ModelLoader.load(directory, threads: threads, memory: memory, prefixes: prefixes, alive: alive)
            return (JobRunner(model: model, limits: limits), watch)
        }
    }

    private static func told<T>(_ name: String, _ body: () throws -> T) throws -> T {
        do {
            return try body()
        } catch let error as ModelError where error.kind == .notFound || error.kind == .badName {
            throw Failure(.modelUnknown, "there is no model '\(name)'; `lcl model list` shows the models", subject: "$.model")
        } catch {
            // Trying again would not mend it, so the job says why instead of wearing out its attempts.
            throw Failure(
                .modelDamaged, "model '\(name)' cannot be used: \(error); `lcl model verify` checks it, and a retry answers the job once it is mended",
                subject: "$.model")
        }
    }
}
