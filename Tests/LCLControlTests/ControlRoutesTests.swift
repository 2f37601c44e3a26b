// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLControl
import LCLJob
import Testing

private let mine = FakeDaemon.job("mine", uid: 1000), theirs = FakeDaemon.job("theirs", uid: 2000)

private func code(_ body: () async throws -> Void) async -> ControlError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? ControlError)?.code
    }
}

@Test func status_comesWhole_forAnAdministrator() async throws {
    try await withServer(FakeDaemon([mine])) { server async throws in
        let status = try await server.client.status()
        let same = try await server.daemon.status()
        #expect(status == same)
        #expect(status.workers.map(\.job) == [mine.summary.id])
    }
}

@Test func status_hidesWhomItWorksFor_fromOtherUsers() async throws {
    try await withServer(FakeDaemon([mine, theirs]), as: RunningServer.user(1000)) { server async throws in
        #expect(try await server.client.status().workers.map(\.job) == [mine.summary.id, nil])
    }
}

@Test func jobs_areOnlyTheCallers_unlessAdministrator() async throws {
    try await withServer(FakeDaemon([mine, theirs]), as: RunningServer.user(1000)) { server async throws in
        #expect(try await server.client.jobs(JobFilter()).jobs.map(\.id) == [mine.summary.id])
        #expect(await code { _ = try await server.client.jobs(JobFilter(uid: 2000)) } == .notAllowed)
        server.caller.current = RunningServer.admin
        #expect(try await server.client.jobs(JobFilter()).jobs.count == 2)
        #expect(try await server.client.jobs(JobFilter(uid: 2000)).jobs.map(\.id) == [theirs.summary.id])
    }
}

@Test func jobs_comeInPages_withTheFilterAsGiven() async throws {
    let jobs = (0..<5).map { FakeDaemon.job("a\($0)+b", uid: 1, .held) }
    try await withServer(FakeDaemon(jobs + [mine])) { server async throws in
        var filter = JobFilter(states: [.held, .running], limit: 2), seen: [JobID] = []
        repeat {
            let page = try await server.client.jobs(filter)
            seen += page.jobs.map(\.id)
            filter.cursor = page.next
        } while filter.cursor != nil
        #expect(seen == jobs.map(\.summary.id))
        #expect(server.daemon.with { $0.filters.first } == JobFilter(states: [.held, .running], limit: 2))
    }
}

@Test(arguments: ["state=sleeping", "limit=0", "limit=1001", "limit=x", "user=root"])
func jobs_areRefused_forABadQuery(query: String) async throws {
    try await withServer { server async throws in
        let connection = try #require(RawConnection(server.socket))
        connection.send("GET /v1/jobs?\(query) HTTP/1.1\r\nHost: lcld\r\nConnection: close\r\n\r\n")
        let answer = try #require(await connection.readToEnd())
        #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains("\"request.bad\""))
    }
}

@Test func job_isUnknown_whenItIsNotThere() async throws {
    try await withServer { server async throws in
        #expect(await code { _ = try await server.client.job(JobID(slug: "nobody")) } == .noSuchJob)
        #expect(await code { _ = try await server.client.perform(.cancel, on: JobID(slug: "nobody")) } == .noSuchJob)
        #expect(await code { try await server.client.watch(JobID(slug: "nobody")) { _ in } } == .noSuchJob)
    }
}

/// Who may do what: an administrator all, a user everything to the own job and nothing to another's or to the daemon.
@Test(arguments: [RunningServer.admin, RunningServer.user(1000), RunningServer.user(2000)])
func rights_followOwnership_forEveryRoute(caller: Caller) async throws {
    let held = FakeDaemon.job("mine", uid: 1000, .done)
    try await withServer(FakeDaemon([held]), as: caller) { server async throws in
        let client = server.client, id = held.summary.id, mayUse = caller.isAdmin || caller.uid == 1000
        let forJob = mayUse ? nil : ControlError.Code.notAllowed, forState = mayUse ? ControlError.Code.wrongState : .notAllowed
        #expect(await code { _ = try await client.job(id) } == forJob)
        #expect(await code { _ = try await client.log(of: id) } == forJob)
        #expect(await code { try await client.watch(id) { _ in } } == forJob)
        #expect(await code { _ = try await client.perform(.priority(3), on: id) } == forJob)
        #expect(await code { _ = try await client.result(of: id) } == forState)
        for action in [JobAction.cancel, .hold, .release, .retry] {
            #expect(await code { _ = try await client.perform(action, on: id) } == forState)
        }
        for action in DaemonAction.allCases {
            #expect(await code { _ = try await client.perform(action) } == (caller.isAdmin ? nil : .notAllowed))
        }
    }
}

@Test func actions_changeTheJob_whenItsStatePermits() async throws {
    try await withServer(FakeDaemon([mine]), as: RunningServer.user(1000)) { server async throws in
        let client = server.client, id = mine.summary.id
        #expect(try await client.perform(.hold, on: id).state == .held)
        #expect(try await client.perform(.release, on: id).state == .queued)
        #expect(try await client.perform(.priority(-7), on: id).priority == -7)
        #expect(try await client.perform(.cancel, on: id).state == .cancelled)
        #expect(try await client.perform(.retry, on: id).state == .queued)
        #expect(try await client.job(id).summary.priority == -7)
    }
}

@Test(arguments: [DaemonAction.pause, .drain, .resume])
func mode_isChanged_byAnAdministrator(action: DaemonAction) async throws {
    try await withServer { server async throws in
        let mode = try await server.client.perform(action).mode
        #expect(mode == (action == .pause ? .paused : action == .drain ? .draining : .running))
        #expect(try await server.client.status().mode == mode)
    }
}

@Test(arguments: ["{\"priority\": 101}", "{\"priority\": \"high\"}", "{}", "[", ""])
func priority_isRefused_whenItIsNoNumberInRange(body: String) async throws {
    try await withServer(FakeDaemon([mine])) { server async throws in
        let connection = try #require(RawConnection(server.socket))
        connection.send("PUT /v1/jobs/mine/priority HTTP/1.1\r\nHost: lcld\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        let answer = try #require(await connection.readToEnd())
        #expect(answer.hasPrefix("HTTP/1.1 400") && answer.contains("\"request.bad\""))
        #expect(try await server.client.job(mine.summary.id).summary.priority == 0)
    }
}

@Test func result_isTheFileByteForByte_whenThereIsOne() async throws {
    try await withTemporaryDirectory { directory async throws in
        // Longer than one piece of a stream.
        let bytes = Data((0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }), path = directory + "/result.json"
        try bytes.write(to: URL(fileURLWithPath: path))
        try await withServer(FakeDaemon([mine])) { server async throws in
            server.daemon.with { $0.resultPath = path }
            var received = Data()
            try await server.client.result(of: mine.summary.id) { received.append($0) }
            #expect(received == bytes)
            server.daemon.with { $0.resultPath = directory + "/gone.json" }
            #expect(await code { try await server.client.result(of: mine.summary.id) { _ in } } == .wrongState)
        }
    }
}

@Test func log_isOfTheCallersJobs_unlessAdministrator() async throws {
    try await withServer(FakeDaemon([mine]), as: RunningServer.user(1000)) { server async throws in
        #expect(try await server.client.log(limit: 7).map { [$0.actor, $0.detail] } == [["1000", "7"]])
        #expect(try await server.client.log(of: mine.summary.id).map(\.job) == [mine.summary.id])
        server.caller.current = RunningServer.admin
        #expect(try await server.client.log().map(\.actor) == ["all"])
    }
}

@Test func error_isInternalWithoutDetails_whenTheBackendBreaks() async throws {
    try await withServer { server async throws in
        server.daemon.with { $0.breaks = true }
        do {
            _ = try await server.client.status()
            Issue.record("a broken backend must not answer")
        } catch let error as ControlError {
            #expect(error.code == .internal)
            #expect(!error.message.contains("Broken"))
        }
    }
}

@Test func document_isWhatTheRootAnswers() async throws {
    try await withServer { server async throws in
        let connection = try #require(RawConnection(server.socket))
        connection.send("GET /v1 HTTP/1.1\r\nHost: lcld\r\nConnection: close\r\n\r\n")
        let answer = try #require(await connection.readToEnd())
        #expect(answer.hasPrefix("HTTP/1.1 200"))
        #expect(answer.hasSuffix(APIDocument.text))
    }
}

@Test func document_namesOnlyRoutesThatExist() async throws {
    try await withServer(FakeDaemon([FakeDaemon.job("mine", uid: 0, .done)])) { server async throws in
        let routes = APIDocument.text.split(separator: "\n").map { $0.split(separator: " ") }.filter { ["GET", "POST", "PUT"].contains($0.first) }
        #expect(routes.count == 17)
        for route in routes where route[1] != "/v1/watch" {
            let path = route[1].replacing("ID", with: "mine")
            let connection = try #require(RawConnection(server.socket))
            connection.send("\(route[0]) \(path) HTTP/1.1\r\nHost: lcld\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            let answer = try #require(await connection.readToEnd())
            #expect(answer.hasPrefix("HTTP/1.1 ") && !answer.hasPrefix("HTTP/1.1 404"), "\(route[0]) \(path)")
        }
    }
}
