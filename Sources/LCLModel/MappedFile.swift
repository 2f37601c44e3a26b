// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDigest

/// A regular file, mapped for reading: its pages are shared by all processes that use it, and read when first touched.
/// Model files are replaced by rename, never rewritten in place.
final class MappedFile: @unchecked Sendable {
    // Unchecked: the bytes are never written.
    let bytes: UnsafeRawBufferPointer
    private let isMapped: Bool

    /// - Throws: ``ModelError``: `notFound` or `unreadable`.
    init(path: String) throws(ModelError) {
        // Not blocking: what lies there may be a FIFO.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw ModelError(errno == ENOENT ? .notFound : .unreadable, file: path, "it cannot be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ModelError(.unreadable, file: path, "it is not a regular file")
        }
        guard status.st_size > 0 else {
            (bytes, isMapped) = (UnsafeRawBufferPointer(start: nil, count: 0), false)
            return
        }
        guard let start = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0), start != MAP_FAILED else {
            throw ModelError(.unreadable, file: path, "it cannot be mapped: \(String(cString: strerror(errno)))")
        }
        (bytes, isMapped) = (UnsafeRawBufferPointer(start: start, count: Int(status.st_size)), true)
    }

    /// A copy in memory of exactly its length, where a sanitizer sees every byte that is read beyond it.
    init(copying file: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: file.count, alignment: 16)
        copy.copyBytes(from: file)
        (bytes, isMapped) = (UnsafeRawBufferPointer(copy), false)
    }

    /// SHA-256 of all bytes.
    /// - Parameter alive: called for every 16 MiB, which a slow disk gives within a second or two.
    func digest(alive: () -> Void = {}) -> SHA256.Digest {
        withExtendedLifetime(self) {
            var hash = SHA256()
            for start in stride(from: 0, to: bytes.count, by: 16 << 20) {
                alive()
                hash.update(UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + 16 << 20)]))
            }
            return hash.finalize()
        }
    }

    deinit {
        if isMapped, let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
        if !isMapped { bytes.deallocate() }
    }
}
