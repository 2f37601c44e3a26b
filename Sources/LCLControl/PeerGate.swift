// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// Open connections per user, so that one user cannot use up the daemon's, nor several all of them: root finds one.
package final class ConnectionCount: Sendable {
    private let limit: Int
    /// Of all users but root.
    private let total: Int
    private let open = Mutex<[UInt32: Int]>([:])

    package init(limit: Int, total: Int) {
        self.limit = limit
        self.total = total
    }

    /// Whether the user may have one more; it is counted then.
    package func enter(_ uid: UInt32) -> Bool {
        open.withLock {
            let others = $0.reduce(0) { $0 + ($1.key == 0 ? 0 : $1.value) }
            guard $0[uid, default: 0] < limit, uid == 0 || others < total else { return false }
            $0[uid, default: 0] += 1
            return true
        }
    }

    package func leave(_ uid: UInt32) {
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
