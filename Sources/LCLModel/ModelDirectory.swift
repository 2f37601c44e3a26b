// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLDigest

/// A model on the disk: a directory with `model.json` and the files it names.
public struct ModelDirectory: Sendable {
    public let path: String
    public let card: ModelCard
    /// SHA-256 of the card in hexadecimal, and so of every file whose digest it names: what a result calls the model's `sha256`.
    public let identity: String

    /// Reads and checks the card; the files' digests are checked as they are loaded, and by ``verify()``.
    /// - Throws: ``ModelError``: `notFound`, `unreadable` or `badCard`.
    public init(path: String) throws(ModelError) {
        let file = path + "/" + ModelCard.fileName
        let bytes = try Self.bytes(ofCard: file)
        card = try ModelCard(parsing: bytes, file: file)
        identity = bytes.withUnsafeBytes { SHA256.hash($0).hex }
        self.path = path
        let directory = URL(fileURLWithPath: path).lastPathComponent
        guard card.name == directory else {
            throw ModelError(.badCard, file: file, item: "name", "it is '\(card.name)', but the directory is called '\(directory)'")
        }
    }

    /// Read, not mapped: the daemon reads cards too, and must outlive one that shrinks meanwhile.
    private static func bytes(ofCard file: String) throws(ModelError) -> Data {
        let descriptor = Glibc.open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw ModelError(errno == ENOENT ? .notFound : .unreadable, file: file, "it cannot be opened: \(String(cString: strerror(errno)))")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true), limit = 1 << 20
        let bytes: Data?
        do { bytes = try handle.read(upToCount: limit + 1) } catch { throw ModelError(.unreadable, file: file, "\(error)") }
        guard (bytes?.count ?? 0) <= limit else { throw ModelError(.badCard, file: file, "it is larger than 1 MiB") }
        return bytes ?? Data()
    }

    /// The first model of this name on the search path.
    /// - Throws: ``ModelError``: `badName`, `notFound`, or what is wrong with the one found.
    public static func find(_ name: String, in searchPath: [String] = ModelDirectory.searchPath()) throws(ModelError) -> ModelDirectory {
        guard ModelName.isValid(name) else { throw ModelError(.badName, file: name, ModelName.rule) }
        for directory in searchPath {
            let path = directory + "/" + name
            if FileManager.default.fileExists(atPath: path + "/" + ModelCard.fileName) { return try ModelDirectory(path: path) }
        }
        let places = searchPath.map { "'\($0)'" }.joined(separator: ", ")
        throw ModelError(.notFound, file: name, "no such model in \(places); 'lcl model list' shows those that there are")
    }

    /// Names and cards of all models on the search path, each the first of its name, or what is wrong with it.
    public static func all(
        in searchPath: [String] = ModelDirectory.searchPath()
    ) -> [(name: String, model: Result<ModelDirectory, ModelError>)] {
        var seen: Set<String> = [], found: [(name: String, model: Result<ModelDirectory, ModelError>)] = []
        for directory in searchPath {
            let entries = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
            for name in entries.sorted() where ModelName.isValid(name) {
                let path = directory + "/" + name
                guard FileManager.default.fileExists(atPath: path + "/" + ModelCard.fileName), seen.insert(name).inserted else { continue }
                found.append((name, Result { () throws(ModelError) in try ModelDirectory(path: path) }))
            }
        }
        return found
    }

    /// `explicit` (of a flag or a configuration), `$LCL_MODELS`, `/var/lib/lcld/models`, and `var/lib/lcld/models` of the
    /// source checkout that the executable was built in; last `trained`, where a daemon puts what it trained.
    public static func searchPath(explicit: String? = nil, trained: String? = nil) -> [String] {
        let environment = ProcessInfo.processInfo.environment["LCL_MODELS"]
        let places = [explicit, environment, "/var/lib/lcld/models", checkout()].compactMap(\.self).filter { !$0.isEmpty }
        return places + [trained].compactMap(\.self).filter { !places.contains($0) }
    }

    private static func checkout() -> String? {
        guard let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else { return nil }
        var directory = URL(fileURLWithPath: executable).deletingLastPathComponent()
        for _ in 0..<6 {
            let models = directory.path + "/var/lib/lcld/models"
            if FileManager.default.fileExists(atPath: directory.path + "/Package.swift"), FileManager.default.fileExists(atPath: models) {
                return models
            }
            directory.deleteLastPathComponent()
        }
        return nil
    }

    /// Path of a file that the card names.
    public func path(of file: String) -> String { path + "/" + file }

    /// A GGUF file that the card names, its digest checked.
    /// - Parameter alive: called now and then while the digest is taken.
    /// - Throws: ``ModelError``: `digestMismatch`, or what is wrong with the file.
    public func open(_ file: String, alive: () -> Void = {}) throws(ModelError) -> GGUFFile {
        guard let expected = card.files[file] else { throw ModelError(.badCard, file: path, item: file, "the card lists no such file") }
        let mapped = try MappedFile(path: path(of: file))
        let digest = mapped.digest(alive: alive).hex
        guard digest == expected else {
            throw ModelError(
                .digestMismatch, file: path(of: file), "its SHA-256 is \(digest), the card says \(expected); install the model again")
        }
        return try GGUFFile(mapped, path: path(of: file))
    }

    /// Every file is there, has the digest that the card says, and is good GGUF.
    public func verify() throws(ModelError) {
        for file in card.files.keys.sorted() { _ = try open(file) }
    }

    /// Bytes of all files that the card names.
    public func byteCount() throws(ModelError) -> Int {
        var sum = 0
        for file in card.files.keys { sum += try MappedFile(path: path(of: file)).bytes.count }
        return sum
    }

    /// A model in one or several GGUF files that the card names, each one's digest checked.
    /// - Parameters:
    ///   - file: the only one, or the first.
    ///   - alive: called now and then.
    public func openShards(_ file: String, alive: () -> Void = {}) throws(ModelError) -> GGUFShards {
        try GGUFShards(first: file) { name throws(ModelError) in try open(name, alive: alive) }
    }

    /// The encoder's weights, with its mask where it looks closer, the files' digests checked; and all of the card's taps.
    public func loadEncoder() throws(ModelError) -> (network: EfficientNetLite0, taps: [Tap]) {
        let encoder = try encoder()
        let mask = try encoder.closer.map { closer throws(ModelError) in try ForegroundMask(gguf: open(closer.mask)) }
        return (try EfficientNetLite0(gguf: open(encoder.file), mask: mask), encoder.allTaps)
    }

    /// - Throws: ``ModelError``, `unsupported`, where the model has none.
    public func encoder() throws(ModelError) -> ModelCard.Encoder {
        guard let encoder = card.encoder else {
            throw ModelError(.unsupported, file: path, item: "encoder", "this is a language model: it has no encoder of features; name another model")
        }
        return encoder
    }
}
