// SPDX-License-Identifier: Apache-2.0
import CPosix
import Foundation
import Glibc

/// The one routine that makes a file visible: after it returns, the file is there whole, also after a power cut; until then,
/// and where it throws, what was there before is.
public enum DurableFile {
    /// Temporary file in the same directory, write, check the length, fsync, rename over `path`, fsync the directory.
    ///
    /// After a failed fsync the temporary file is removed and nothing of it is used again: calling again starts afresh. Where the
    /// directory's fsync fails, the new file may be seen, but is not to be counted on until a later call succeeds.
    public static func write(_ bytes: some ContiguousBytes, to path: String, mode: UInt32 = 0o600) throws(SpoolError) {
        let cut = path.lastIndex(of: "/")
        let folder = cut.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = try Descriptor.open(folder, O_RDONLY | O_DIRECTORY)
        let name = cut.map { path[path.index(after: $0)...] } ?? path[...]
        let temporary = "\(folder)/.\(name.prefix(64)).\(getpid()).\(UInt32.random(in: 0...UInt32.max))"
        do throws(SpoolError) {
            let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
            try check(fchmod(file.raw, mode), "set the mode of", temporary)  // whatever the umask is
            try file.write(bytes)
            try file.sync()
            try check(Glibc.rename(temporary, path), "rename to '\(path)'", temporary)
        } catch {
            unlink(temporary)
            throw error
        }
        try directory.sync()
    }
}

extension Descriptor {
    /// Writes all of `bytes` at the start of a new file and checks that the file is as long.
    func write(_ bytes: some ContiguousBytes) throws(SpoolError) {
        // `withUnsafeBytes` of Foundation throws untyped, so the outcome leaves it as a value.
        let outcome: Result<Int, SpoolError> = bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let put = Glibc.write(raw, buffer.baseAddress! + done, min(buffer.count - done, 1 << 30))
                if put < 0 && errno == EINTR { continue }
                if put < 0 { return .failure(.system(attempt: "write", path: path, errno: errno)) }
                done += put
            }
            return .success(done)
        }
        try checkLength(try outcome.get())
    }

    /// Copies `length` bytes of `source` into this new file; returns how many there were.
    func copy(_ source: borrowing Descriptor, length: Int) throws(SpoolError) -> Int {
        let copied = cposix_copy(source.raw, raw, Int64(length))
        guard copied >= 0 else { throw SpoolError.system(attempt: "copy '\(source.path)' to", path: path, errno: errno) }
        try checkLength(Int(copied))
        return Int(copied)
    }

    private func checkLength(_ expected: Int) throws(SpoolError) {
        let found = Int(try status().st_size)
        guard found == expected else { throw SpoolError.wrongLength(path: path, expected: expected, found: found) }
    }
}
