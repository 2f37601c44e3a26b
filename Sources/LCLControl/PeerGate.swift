// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// Open connections per user, so that one user cannot use up the daemon's.
final class ConnectionCount: Sendable {
    private let limit: Int
    private let open = Mutex<[UInt32: Int]>([:])

    init(limit: Int) { self.limit = limit }

    /// Whether the user may have one more; it is counted then.
    func enter(_ uid: UInt32) -> Bool {
        open.withLock {
            guard $0[uid, default: 0] < limit else { return false }
            $0[uid, default: 0] += 1
            return true
        }
    }

    func leave(_ uid: UInt32) {
        open.withLock { $0[uid] = $0[uid].flatMap { $0 > 1 ? $0 - 1 : nil } }
    }
}

/// Closes a connection at once where its user has too many.
final class PeerGate: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny

    private let count: ConnectionCount

    init(_ count: ConnectionCount) { self.count = count }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        guard let peer = try? Peer(onLoopOf: context.channel), count.enter(peer.uid) else {
            context.close(promise: nil)
            return
        }
        context.channel.closeFuture.whenComplete { [count] _ in count.leave(peer.uid) }
    }
}
