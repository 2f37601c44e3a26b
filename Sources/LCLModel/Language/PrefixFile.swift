// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDigest
import LCLTensor

/// A read support set on the disk: keys and values as they lie in memory, between a head that says whose they are and a SHA-256 of
/// all of it. What is damaged, or of something else, is no prefix: it is read anew.
public enum PrefixFile {
    private static let magic = Array("lcl-prefix-1\n".utf8)

    /// `nil` where there is no such file, or it is not whole, or of another key or model.
    /// - Parameter key: what the prefix was made from, as a digest.
    public static func read(_ path: String, key: SHA256.Digest, of model: LanguageModel) -> LanguagePrefix? {
        guard let file = try? MappedFile(path: path) else { return nil }
        return withExtendedLifetime(file) { prefix(file, key, model) }
    }

    private static func prefix(_ file: MappedFile, _ key: SHA256.Digest, _ model: LanguageModel) -> LanguagePrefix? {
        let head = magic + key.bytes, start = head.count + 8, shape = model.configuration
        guard file.bytes.count > start + 32, file.bytes[..<head.count].elementsEqual(head) else { return nil }
        let count = file.bytes.loadUnaligned(fromByteOffset: head.count, as: UInt64.self)
        guard count > 0, count <= model.context, file.bytes.count == start + model.prefixBytes(Int(count)) + 32 else { return nil }
        let end = file.bytes.count - 32
        guard SHA256.hash(UnsafeRawBufferPointer(rebasing: file.bytes[..<end])).bytes.elementsEqual(file.bytes[end...]) else { return nil }
        var place = start
        let layers = (0..<shape.layers).map { _ in
            AttentionMemory(count: Int(count), heads: shape.heads) { part in
                part.copyMemory(from: UnsafeRawBufferPointer(rebasing: file.bytes[place..<place + part.count]))
                place += part.count
            }
        }
        return LanguagePrefix(count: Int(count), layers: layers)
    }

    /// Written beside `path` and renamed over it: a reader sees it whole or not at all.
    public static func write(_ prefix: LanguagePrefix, to path: String, key: SHA256.Digest) throws {
        let temporary = path + ".\(getpid())"
        guard FileManager.default.createFile(atPath: temporary, contents: nil, attributes: [.posixPermissions: 0o600]),
            let file = FileHandle(forWritingAtPath: temporary)
        else { throw ModelError(.unreadable, file: temporary, "it cannot be made: \(String(cString: strerror(errno)))") }
        do {
            var hash = SHA256()
            func put(_ bytes: UnsafeRawBufferPointer) throws {
                hash.update(bytes)
                try file.write(contentsOf: Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: bytes.baseAddress!), count: bytes.count, deallocator: .none))
            }
            try (magic + key.bytes).withUnsafeBytes(put)
            try withUnsafeBytes(of: UInt64(prefix.count), put)
            for layer in prefix.layers { try layer.withParts(put) }
            try file.write(contentsOf: hash.finalize().bytes)
            try file.close()
            guard rename(temporary, path) == 0 else {
                throw ModelError(.unreadable, file: path, "it cannot be put there: \(String(cString: strerror(errno)))")
            }
        } catch {
            unlink(temporary)
            throw error
        }
    }
}
