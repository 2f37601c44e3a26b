// SPDX-License-Identifier: Apache-2.0
import Glibc

/// What the filesystem beneath a path says of itself.
public enum Filesystem {
    public struct Room: Equatable, Sendable {
        /// Free bytes for who is not root.
        public var bytes: Int
        /// Free inodes; `nil` where the filesystem makes them as it goes.
        public var inodes: Int?
        /// Bytes of the whole filesystem.
        public var capacity: Int

        public init(bytes: Int, inodes: Int? = nil, capacity: Int) {
            self.bytes = bytes
            self.inodes = inodes
            self.capacity = capacity
        }
    }

    /// statvfs(3).
    public static func room(at path: String) throws(SpoolError) -> Room {
        var info = statvfs()
        try check(retrying { statvfs(path, &info) }, "examine the filesystem of", path)
        return Room(
            bytes: Int(info.f_bavail) * Int(info.f_frsize), inodes: info.f_files > 0 ? Int(info.f_favail) : nil,
            capacity: Int(info.f_blocks) * Int(info.f_frsize))
    }

    /// "NFS" or the like where `path` is a directory on another machine's disk; `nil` on a local one.
    public static func networkKind(of path: String) throws(SpoolError) -> String? {
        try Descriptor.directory(path).networkKind()
    }
}
