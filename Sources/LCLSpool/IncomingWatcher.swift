// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization

/// Says early that something happened in `incoming/`, by inotify(7) on a thread of its own. Only a hint: events may be lost,
/// and what happens inside a directory is not seen, so a timer scans as well.
public final class IncomingWatcher: Sendable {
    /// One value for any number of events since the last; ends with ``stop()``.
    public let wakes: AsyncStream<Void>
    private let state: State

    private final class State: Sendable {
        let moved = Mutex(MovedEntries())
        let inotify: Int32
        let stopping: (read: Int32, write: Int32)

        init(inotify: Int32, stopping: (Int32, Int32)) {
            self.inotify = inotify
            self.stopping = stopping
        }

        /// Sleeps until there are events; `false` when it is time to stop.
        func waitForEvents() -> Bool {
            var polled = [pollfd(fd: inotify, events: Int16(POLLIN), revents: 0), pollfd(fd: stopping.read, events: Int16(POLLIN), revents: 0)]
            while poll(&polled, 2, -1) < 0 { if errno != EINTR { return false } }
            return polled[1].revents == 0
        }

        func readEvents() {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = Glibc.read(inotify, &buffer, buffer.count), count > 0 {
                moved.withLock { $0.read(buffer[..<count]) }
            }
        }

        deinit { [inotify, stopping.read, stopping.write].forEach { close($0) } }
    }

    public init(_ spool: Spool) throws(SpoolError) {
        let path = spool.directory(.incoming)
        let inotify = try check(inotify_init1(O_CLOEXEC | O_NONBLOCK), "watch", path)
        var ends: [Int32] = [-1, -1]
        guard inotify_add_watch(inotify, path, UInt32(IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE)) >= 0, socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0, &ends) == 0 else {
            let cause = errno
            close(inotify)
            throw .system(attempt: "watch", path: path, errno: cause)
        }
        let state = State(inotify: inotify, stopping: (ends[0], ends[1]))
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.state = state
        wakes = stream
        Thread.detachNewThread {
            while state.waitForEvents() {
                state.readEvents()
                continuation.yield()
            }
            continuation.finish()
        }
    }

    deinit { stop() }

    /// The entries that came by rename since the last call.
    public func takeMoved() -> Set<EntryName> {
        state.moved.withLock { $0.take() }
    }

    public func stop() { _ = write(state.stopping.write, [0], 1) }
}
