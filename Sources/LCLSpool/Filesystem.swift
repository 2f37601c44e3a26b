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
        /// Inodes of the whole filesystem; `nil` as above.
        public var most: Int?

        public init(bytes: Int, inodes: Int? = nil, capacity: Int, most: Int? = nil) {
            self.bytes = bytes
            self.inodes = inodes
            self.capacity = capacity
            self.most = most
        }
    }

    /// statvfs(3).
    public static func room(at path: String) throws(SpoolError) -> Room {
        var info = statvfs()
        try check(retrying { statvfs(path, &info) }, "examine the filesystem of", path)
        return Room(
            bytes: Int(info.f_bavail) * Int(info.f_frsize), inodes: info.f_files > 0 ? Int(info.f_favail) : nil,
            capacity: Int(info.f_blocks) * Int(info.f_frsize), most: info.f_files > 0 ? Int(info.f_files) : nil)
    }

    /// "NFS" or the like where `path` is a directory on another machine's disk; `nil` on a local one.
    public static func networkKind(of path: String) throws(SpoolError) -> String? {
        try Descriptor.directory(path).networkKind()
    }

    /// The name of a FUSE filesystem whose files lie on another machine; `nil` for a local one, or one that we do not know.
    /// - Parameters:
    ///   - file: what proc_pid_fdinfo(5) says of an open file on it.
    ///   - mounts: the table in proc_pid_mountinfo(5).
    package static func remoteKind(file: String, mounts: String) -> String? {
        let mount = file.split(separator: "\n").first { $0.hasPrefix("mnt_id:") }?.split(whereSeparator: \.isWhitespace).last
        let fields = mounts.split(separator: "\n").lazy.map { $0.split(separator: " ") }.first { $0.first == mount }
        guard let kind = fields?.drop(while: { $0 != "-" }).dropFirst().first else { return nil }
        let name = String(kind.dropFirst(kind.hasPrefix("fuse.") ? 5 : 0))
        return remote.contains(name) ? name : nil
    }

    private static let remote: Set = [
        "sshfs", "glusterfs", "ceph-fuse", "s3fs", "rclone", "gcsfuse", "juicefs", "mfs", "davfs", "davfs2", "curlftpfs", "smbnetfs", "nfs", "onedriver",
    ]
}
