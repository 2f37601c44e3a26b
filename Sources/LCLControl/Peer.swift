// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore

/// The process at the other end of a Unix socket as it was when it connected: SO_PEERCRED and SO_PEERGROUPS, unix(7).
struct Peer: Sendable {
    let pid: Int32
    let uid: UInt32
    let gid: UInt32
    /// Supplementary groups.
    let groups: [UInt32]

    /// - Throws: ``ControlError`` `daemon.internal` where the channel is no Unix socket.
    init(of channel: any Channel) async throws {
        self = try await channel.eventLoop.submit { try Peer(onLoopOf: channel) }.get()
    }

    /// The same, called on the channel's event loop.
    init(onLoopOf channel: any Channel) throws {
        let peer = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            Peer(descriptor: $0)
        }
        guard let peer = peer ?? nil else {
            throw ControlError(.internal, "unable to tell who is at the other end of the control socket")
        }
        self = peer
    }

    private init?(descriptor: CInt) {
        var credentials = Credentials()
        var size = socklen_t(MemoryLayout<Credentials>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return nil }
        pid = credentials.pid
        uid = credentials.uid
        gid = credentials.gid
        groups = Self.groups(of: descriptor)
    }

    /// `struct ucred`, which the C library declares for GNU sources only.
    private struct Credentials {
        var pid: Int32 = 0
        var uid: UInt32 = 0
        var gid: UInt32 = 0
    }

    /// Empty where the kernel does not say: membership then grants nothing.
    private static func groups(of descriptor: CInt) -> [UInt32] {
        var size: socklen_t = 0
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, nil, &size) != 0, errno == ERANGE else { return [] }
        var groups = [UInt32](repeating: 0, count: Int(size) / MemoryLayout<UInt32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERGROUPS, &groups, &size) == 0 else { return [] }
        return Array(groups.prefix(Int(size) / MemoryLayout<UInt32>.size))
    }
}

/// Who controls every job and the daemon.
struct Administrators: Sendable {
    /// The user that the daemon runs as.
    let owner: UInt32
    /// The group whose members are administrators, where the system has it.
    let group: UInt32?

    init(group name: String) {
        owner = geteuid()
        // Called once, before the server listens: getgrnam is not reentrant.
        group = getgrnam(name).map { $0.pointee.gr_gid }
    }

    func caller(_ peer: Peer) -> Caller {
        let inGroup = group.map { $0 == peer.gid || peer.groups.contains($0) } ?? false
        return Caller(uid: peer.uid, gid: peer.gid, pid: peer.pid, isAdmin: peer.uid == 0 || peer.uid == owner || inGroup)
    }
}
