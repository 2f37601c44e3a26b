// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLSpool
import LCLTraining

/// A file that the user named to be written.
enum OutputFile {
    /// Whole or not at all, where it is a file or is not there yet. What is something else stays that, and is written through: a link, a
    /// FIFO, `/dev/null`. A file that is there keeps its permissions, a new one has what the umask leaves.
    /// - Throws: ``LCLTraining/TrainingError/unwritable(path:reason:)``.
    static func write(_ bytes: Data, to path: String) throws(TrainingError) {
        do { try put(bytes, path) } catch { throw .unwritable(path: path, reason: "\(error)") }
    }

    private static func put(_ bytes: Data, _ path: String) throws {
        var status = stat()
        let isThere = lstat(path, &status) == 0
        if isThere, status.st_mode & S_IFMT != S_IFREG {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
            guard descriptor >= 0 else { throw SpoolError.system(attempt: "open", path: path, errno: errno) }
            return try FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).write(contentsOf: bytes)
        }
        try DurableFile.write(bytes, to: path, mode: isThere ? status.st_mode & 0o777 : 0o666 & ~mask)
    }

    /// Of this process (umask(2)), which can only be read by setting it.
    private static var mask: mode_t {
        let mask = umask(0o077)
        umask(mask)
        return mask
    }
}
