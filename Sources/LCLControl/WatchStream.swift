// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import LCLJob
import NIOCore
import ServiceLifecycle

/// One watcher: a line of JSON for each ``JobProgress``, until the job is final, the watcher leaves or the daemon stops.
struct WatchStream: Sendable {
    let backend: any ControlBackend
    let caller: Caller
    /// `nil` is all jobs that the caller sees.
    let job: JobID?
    let heartbeat: Duration

    private enum Signal: Sendable {
        case progress(JobProgress)
        case heartbeat
    }

    func write(to writer: inout any ResponseBodyWriter) async throws {
        // Subscribed before the present state is read: nothing falls between.
        let events = await backend.progress()
        let (signals, feed) = AsyncStream.makeStream(of: Signal.self, bufferingPolicy: .bufferingNewest(1024))
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    for await event in events where isVisible(event) { feed.yield(.progress(event)) }
                    feed.finish()
                }
                group.addTask {
                    while true {
                        try await Task.sleep(for: heartbeat)
                        feed.yield(.heartbeat)
                    }
                }
                guard try await writePresentState(to: &writer) else { return }
                for await signal in signals {
                    guard try await write(signal, to: &writer) else { return }
                }
            }
        } onGracefulShutdown: {
            feed.finish()
        }
    }

    private func isVisible(_ progress: JobProgress) -> Bool {
        caller.mayUse(jobsOf: progress.uid) && (job == nil || job == progress.job)
    }

    /// Whether there is more to come; so do the next two.
    private func writePresentState(to writer: inout any ResponseBodyWriter) async throws -> Bool {
        if let job { return try await write(JobProgress(backend.summary(of: job)), to: &writer) }
        // The blank line says at once that the watch has begun.
        try await writer.write(ByteBuffer(string: "\n"))
        let filter = JobFilter(states: [.running], uid: caller.visible, limit: JobFilter.maximumLimit)
        for summary in try await backend.jobs(filter).jobs { _ = try await write(JobProgress(summary), to: &writer) }
        return true
    }

    private func write(_ signal: Signal, to writer: inout any ResponseBodyWriter) async throws -> Bool {
        switch signal {
        case .progress(let progress): return try await write(progress, to: &writer)
        case .heartbeat:
            if let job { return try await write(JobProgress(backend.summary(of: job)), to: &writer) }
            try await writer.write(ByteBuffer(string: "\n"))
            return true
        }
    }

    private func write(_ progress: JobProgress, to writer: inout any ResponseBodyWriter) async throws -> Bool {
        try await writer.write(ByteBuffer(bytes: CanonicalJSON.encode(progress)))
        return job == nil || !progress.state.isFinal
    }
}
