// SPDX-License-Identifier: Apache-2.0
import LCLControl
import Synchronization

/// Hands every progress to all who watch; a slow watcher loses the oldest, and never slows the daemon.
final class ProgressHub: Sendable {
    private let watchers = Mutex<(next: Int, open: [Int: AsyncStream<JobProgress>.Continuation])>((0, [:]))
    private static let buffered = 512

    func send(_ progress: JobProgress) {
        watchers.withLock { state in
            for watcher in state.open.values { watcher.yield(progress) }
        }
    }

    func subscribe() -> AsyncStream<JobProgress> {
        let (stream, continuation) = AsyncStream.makeStream(of: JobProgress.self, bufferingPolicy: .bufferingNewest(Self.buffered))
        let id = watchers.withLock { state in
            state.next += 1
            state.open[state.next] = continuation
            return state.next
        }
        continuation.onTermination = { [weak self] _ in self?.remove(id) }
        return stream
    }

    /// Ends every watch: the daemon stops.
    func close() {
        for watcher in watchers.withLock({ Array($0.open.values) }) { watcher.finish() }
    }

    private func remove(_ id: Int) { watchers.withLock { _ = $0.open.removeValue(forKey: id) } }
}
