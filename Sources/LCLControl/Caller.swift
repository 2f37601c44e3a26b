// SPDX-License-Identifier: Apache-2.0
import LCLJob

/// Who is at the other end of a connection, as the kernel says (SO_PEERCRED, unix(7)).
public struct Caller: Hashable, Sendable {
    public let uid: UInt32
    public let gid: UInt32
    /// For the log alone: by now it may be another process's. 0 where it is not known.
    public let pid: Int32
    /// Root, the user that the daemon runs as, or a member of the group `lcld`: sees and controls every job and the daemon.
    public let isAdmin: Bool

    public init(uid: UInt32, gid: UInt32, pid: Int32 = 0, isAdmin: Bool) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.isAdmin = isAdmin
    }

    /// Whether the caller sees and controls jobs of the user `uid`.
    public func mayUse(jobsOf uid: UInt32) -> Bool { isAdmin || self.uid == uid }
}
