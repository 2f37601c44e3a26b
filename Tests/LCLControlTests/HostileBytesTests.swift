// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLControl
import LCLJob
import Testing

/// The real server, and bytes that are nearly requests: `make fuzz-control` sends many more of them.
struct HostileBytesTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["LCL_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...999_999)
    private static let count = environment["LCL_CONTROL_INPUTS"].flatMap(Int.init) ?? 2000
    private static let atOnce = 16

    /// Every connection ends, with nothing but answers that HTTP knows; no input is the server's own fault, and none changes what its
    /// sender may not change.
    @Test func connection_isAnsweredOrClosed_andNothingElseHappens_whateverComes() async throws {
        var limits = ControlServer.Limits()
        (limits.idle, limits.heartbeat, limits.burst, limits.requestsPerSecond) = (.milliseconds(300), .milliseconds(50), 1e9, 1e9)
        let before = [FakeDaemon.job("mine", uid: 1000), FakeDaemon.job("theirs", uid: 1001), FakeDaemon.job("done", uid: 1000, .done)]
        let daemon = FakeDaemon(before)
        let statuses = try await withServer(daemon, as: RunningServer.user(1000), limits: limits) { server async throws in
            let files = Self.openFiles()
            let statuses = await Self.send(Self.count, to: server.socket)
            #expect(try await server.client.status().mode == .running)
            for _ in 0..<200 where Self.openFiles() > files + 2 { try await Task.sleep(for: .milliseconds(10)) }
            #expect(Self.openFiles() <= files + 2)
            return statuses
        }
        print("control: \(Self.count) inputs, seed \(Self.seed): \(statuses.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))")
        #expect(statuses["200", default: 0] > Self.count / 10 && statuses["400", default: 0] > Self.count / 50)
        #expect(daemon.with { $0.jobs[before[1].summary.id] } == before[1])
        #expect(daemon.with { $0.watchers.isEmpty })
    }

    /// How many answers had which status.
    private static func send(_ count: Int, to socket: String) async -> [String: Int] {
        var statuses: [String: Int] = [:], mutator = RequestMutator(seed: seed)
        await withTaskGroup(of: ([UInt8], String?).self) { group in
            for number in 0..<count {
                let input = mutator.next()
                if number >= atOnce, let (input, answer) = await group.next() { note(answer, to: input, &statuses) }
                group.addTask { (input, await reply(to: input, on: socket)) }
            }
            for await (input, answer) in group { note(answer, to: input, &statuses) }
        }
        return statuses
    }

    private static func reply(to input: [UInt8], on socket: String) async -> String? {
        // Other tests may hold the threads that the server's tasks run on for minutes.
        guard let connection = RawConnection(socket, patience: 600) else { return nil }
        connection.send(input)
        connection.finish()
        return await connection.readToEnd()
    }

    private static func note(_ answer: String?, to input: [UInt8], _ statuses: inout [String: Int]) {
        guard let answer else {
            Issue.record("the server neither answers nor closes: \(String(reflecting: String(decoding: input, as: UTF8.self)))")
            return
        }
        let heads = answer.split(separator: "\r\n").filter { $0.hasPrefix("HTTP/1.1 ") }.map { $0.dropFirst(9).prefix(3) }
        if answer.isEmpty { statuses["closed", default: 0] += 1 }
        for status in heads {
            statuses[String(status), default: 0] += 1
            #expect(status < "500", "\(answer.prefix(300)) to \(String(reflecting: String(decoding: input, as: UTF8.self)))")
        }
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 "))
    }

    private static func openFiles() -> Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0 }
}

@Test func connection_isClosed_whenItsHeadersComeByteByByte() async throws {
    var limits = ControlServer.Limits()
    limits.idle = .milliseconds(200)
    try await withServer(limits: limits) { [limits] server async throws in
        let connection = try #require(RawConnection(server.socket)), start = ContinuousClock.now
        let dribble = Task {
            connection.send("GET /v1/status HTTP/1.1\r\nHost: lcld\r\nX: ")
            while !Task.isCancelled, connection.send("x") { try await Task.sleep(for: .milliseconds(10)) }
        }
        let answer = await connection.readToEnd()
        dribble.cancel()
        #expect(answer == "")
        #expect(ContinuousClock.now - start < limits.idle * 20)
    }
}
