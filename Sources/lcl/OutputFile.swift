// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLSpool
import LCLTraining

/// A file that the user named to be written.
enum OutputFile {
    /// Whole or not at all, where it is a file or is not there yet. What is something else stays that, and is written through: a link, a
    /// FIFO, `/dev/null`.
    /// - Throws: ``LCLTraining/TrainingError/unwritable(path:reason:)``.
    static func write(_ bytes: Data, to path: String) throws(TrainingError) {
        do { try put(bytes, path) } catch { throw .unwritable(path: path, reason: "\(error)") }
    }

    private static func put(_ bytes: Data, _ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return try DurableFile.write(bytes, to: path, mode: 0o644) }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SpoolError.system(attempt: "open", path: path, errno: errno) }
        try FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).write(contentsOf: bytes)
    }
}
