// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLControl
import LCLJob
import Testing

private let job = FakeDaemon.job("mine", uid: 1000, .running)

/// A server whose heartbeat plays no part.
private var patient: ControlServer.Limits {
    var limits = ControlServer.Limits()
    limits.heartbeat = .seconds(3600)
    return limits
}

@Test func watch_tellsEachStepAndEnds_whenTheJobIsFinal() async throws {
    try await withServer(FakeDaemon([job]), as: RunningServer.user(1000), limits: patient) { server async throws in
        var seen: [JobProgress] = []
        try await server.client.watch(job.summary.id) { progress in
            seen.append(progress)
            // Each step is taken when the one before was heard.
            switch progress.answered {
            case 0: server.daemon.advance("mine", to: .running, answered: 4)
            case 4: server.daemon.advance("mine", to: .done, answered: 10)
            default: break
            }
        }
        #expect(seen.map(\.answered) == [0, 4, 10])
        #expect(seen.map(\.state) == [.running, .running, .done])
        #expect(server.daemon.with { $0.watchers.isEmpty })
    }
}

@Test func watch_endsAtOnce_whenTheJobIsFinalAlready() async throws {
    try await withServer(FakeDaemon([FakeDaemon.job("mine", uid: 1, .failed)]), limits: patient) { server async throws in
        var states: [JobState] = []
        try await server.client.watch(job.summary.id) { states.append($0.state) }
        #expect(states == [.failed])
    }
}

@Test func watch_endsByTheHeartbeat_whenTheLastEventWasMissed() async throws {
    var limits = ControlServer.Limits()
    limits.heartbeat = .milliseconds(5)
    try await withServer(FakeDaemon([job]), limits: limits) { server async throws in
        var last: JobProgress?
        try await server.client.watch(job.summary.id) { progress in
            last = progress
            server.daemon.advance("mine", to: .cancelled, answered: 3, quietly: true)
        }
        #expect(last?.state == .cancelled)
    }
}

@Test func watch_ofAll_tellsOnlyWhatTheCallerMaySee() async throws {
    let theirs = FakeDaemon.job("theirs", uid: 2000, .running)
    try await withServer(FakeDaemon([job, theirs]), as: RunningServer.user(1000), limits: patient) { server async throws in
        struct Enough: Error {}
        var seen: [JobProgress] = []
        await #expect(throws: Enough.self) {
            try await server.client.watch(nil) { progress in
                seen.append(progress)
                if seen.count == 1 {
                    server.daemon.advance("theirs", to: .done, answered: 10)
                    server.daemon.advance("mine", to: .done, answered: 10)
                } else {
                    throw Enough()
                }
            }
        }
        #expect(seen.map(\.job) == [job.summary.id, job.summary.id])
    }
}

@Test func watch_ends_whenTheServerStops() async throws {
    try await withServer(FakeDaemon([job]), limits: patient) { server async throws in
        var heard = 0
        try await server.client.watch(job.summary.id) { _ in
            heard += 1
            Task { await server.stop() }
        }
        #expect(heard == 1)
    }
}

@Test func subscription_ends_whenTheWatcherLeaves() async throws {
    try await withServer(FakeDaemon([job]), limits: patient) { server async throws in
        struct Left: Error {}
        await #expect(throws: Left.self) { try await server.client.watch(job.summary.id) { _ in throw Left() } }
        // The server notices the closed connection by itself, without a write.
        let deadline = ContinuousClock.now + .seconds(10)
        while !server.daemon.with({ $0.watchers.isEmpty }), ContinuousClock.now < deadline { await Task.yield() }
        #expect(server.daemon.with { $0.watchers.isEmpty })
    }
}
