// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Synchronization

/// Replies of one worker that may be delivered before one is handled: a worker that never stops talking waits, and the daemon's
/// memory stays bounded. Long replies take more of the room.
final class ReplyWindow: Sendable {
    /// Permits; short replies that may wait at once.
    static let size = 64
    /// Of a reply, for one permit more.
    private static let bytesPerPermit = 1 << 19

    /// Begun at 0 and raised, since a semaphore may not end below where it began.
    private let room = DispatchSemaphore(value: 0)
    /// What the replies under way took, oldest first.
    private let taken = Mutex<[Int]>([])

    init() { for _ in 0..<Self.size { room.signal() } }

    /// Waits until there is room for a reply of so many bytes.
    func enter(_ bytes: Int) {
        let permits = min(1 + bytes / Self.bytesPerPermit, Self.size)
        for _ in 0..<permits { room.wait() }
        taken.withLock { $0.append(permits) }
    }

    /// The oldest reply under way was dealt with.
    func leave() {
        for _ in 0..<taken.withLock({ $0.isEmpty ? 0 : $0.removeFirst() }) { room.signal() }
    }
}
