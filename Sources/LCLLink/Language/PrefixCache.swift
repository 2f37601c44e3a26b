// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDigest
import LCLModel
import LCLTensor
import Synchronization

/// Support sets that language models have read, kept for the next job with the same one: within `limit` bytes of a directory, the
/// longest unused going first.
///
/// For programs that answer for one user. A worker of the daemon has none: it writes to no disk, and what one submitter's pictures
/// may have made of a worker must not reach another's answers.
public final class PrefixCache: Sendable {
    public let directory: String
    /// Bytes of all files together.
    public let limit: Int
    /// What computed its prefixes.
    let program: String
    private let counts = Mutex((hits: 0, misses: 0))

    /// - Parameter program: the digest of what computes: another build, whose sums may differ, finds nothing of this one's.
    public init(directory: String, limit: Int, program: String = PrefixCache.thisProgram) {
        self.directory = directory
        self.limit = limit
        self.program = program
    }

    /// SHA-256 of the running executable: nobody can forget to raise it. One that cannot be read shares with none.
    public static let thisProgram = {
        let bytes = try? Data(contentsOf: URL(filePath: "/proc/self/exe"), options: .alwaysMapped)
        return bytes.map { SHA256.hash($0).hex } ?? UUID().uuidString
    }()

    /// How often a support set was found, and how often it was read anew.
    public var hitsAndMisses: (hits: Int, misses: Int) { counts.withLock { $0 } }

    /// The prefix of `key`: from the disk, or what `read` gives, which is then kept where there is room.
    func prefix(_ key: PrefixKey, of model: LanguageModel, else read: () throws -> LanguagePrefix) throws -> LanguagePrefix {
        let path = "\(directory)/\(key.digest.hex).prefix"
        if let found = PrefixFile.read(path, key: key.digest, of: model) {
            try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: path)
            counts.withLock { $0.hits += 1 }
            return found
        }
        let prefix = try read()
        counts.withLock { $0.misses += 1 }
        if makeRoom(for: prefix.byteCount) { try? PrefixFile.write(prefix, to: path, key: key.digest) }
        return prefix
    }

    /// Files that ``PrefixFile`` writes, whole or in the making, and no others that lie there.
    private static func isOurs(_ name: String) -> Bool { name.wholeMatch(of: /[0-9a-f]{64}\.prefix.*/) != nil }

    /// Whether `bytes` more may be written, after the longest unused files went.
    private func makeRoom(for bytes: Int) -> Bool {
        guard bytes <= limit else { return false }
        let files = FileManager.default
        try? files.createDirectory(atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var kept = ((try? files.contentsOfDirectory(atPath: directory)) ?? []).filter(Self.isOurs).compactMap { name -> (path: String, bytes: Int, used: Date)? in
            let path = "\(directory)/\(name)"
            guard let attributes = try? files.attributesOfItem(atPath: path), let size = attributes[.size] as? Int else { return nil }
            return (path, size, attributes[.modificationDate] as? Date ?? .distantPast)
        }.sorted { $0.used > $1.used }
        var total = kept.reduce(bytes) { $0 + $1.bytes }
        while total > limit, let last = kept.popLast() {
            try? files.removeItem(atPath: last.path)
            total -= last.bytes
        }
        return total <= limit
    }
}

/// What a prefix is made from: model, the tokens of every support in their order (so template and labels), its pictures by digest,
/// and the program and its kernels, whose sums differ in their last bits.
struct PrefixKey {
    let digest: SHA256.Digest

    init(model: String, program: String, texts: [[PromptRun]], digests: [[UInt8]]) {
        var hash = SHA256()
        hash.update(Array("\(model) \(program) \(Kernels.best.name) \(texts.count)\n".utf8))
        for (runs, picture) in zip(texts, digests) {
            for run in runs {
                switch run {
                case .tokens(let tokens): hash.update(Array("\(tokens)\n".utf8))
                case .image: hash.update(Array("image \(picture)\n".utf8))
                }
            }
        }
        digest = hash.finalize()
    }
}
