// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// A filesystem in memory of a few MiB, to be filled; unmounted with its owner.
final class SmallDisk {
    let path: String

    /// Whether this process may mount.
    static let isPermitted = (try? SmallDisk(at: NSTemporaryDirectory() + "lcl-disk-\(UUID().uuidString)", mebibytes: 1)) != nil

    init(at path: String, mebibytes: Int) throws {
        self.path = path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        guard mount("tmpfs", path, "tmpfs", 0, "size=\(mebibytes)m,mode=755") == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EPERM) }
    }

    deinit { umount2(path, Int32(MNT_DETACH)) }

    private var ballast: String { path + "/ballast" }

    /// Leaves about so many KiB free.
    func fill(leaving kibibytes: Int) {
        var info = statvfs()
        statvfs(path, &info)
        let file = open(ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        defer { close(file) }
        let chunk = [UInt8](repeating: 0x42, count: 4096)
        for _ in 0..<max(0, (Int(info.f_bavail) * Int(info.f_frsize) - kibibytes << 10) / chunk.count) where write(file, chunk, chunk.count) <= 0 { return }
    }

    func empty() { unlink(ballast) }
}
