// SPDX-License-Identifier: Apache-2.0
import LCLControl
import Testing

/// Whether each of the uses at these times, in seconds from a start, is given.
private func uses(capacity: Double, rate: Double, at times: [Double]) -> [Bool] {
    let start = ContinuousClock.now
    var bucket = TokenBucket(capacity: capacity, rate: rate, now: start)
    return times.map { bucket.take(now: start + .seconds($0)) }
}

@Test func bucket_givesItsBurst_thenItsRate() {
    #expect(uses(capacity: 3, rate: 2, at: [0, 0, 0, 0, 0.4, 0.5, 0.5]) == [true, true, true, false, false, true, false])
    #expect(uses(capacity: 2, rate: 2, at: [0, 60, 60, 60]) == [true, true, true, false])
}

@Test func bucket_givesNothing_forATimeThatGoesBack() {
    #expect(uses(capacity: 1, rate: 1, at: [0, -100, 0]) == [true, false, false])
}

@Test func requests_areRefused_whenAUserAsksTooOften_andAnotherIsNot() async throws {
    var limits = ControlServer.Limits()
    limits.burst = 3
    limits.requestsPerSecond = 0.001
    try await withServer(as: RunningServer.user(1000), limits: limits) { server async throws in
        for _ in 0..<3 { _ = try await server.client.status() }
        let error = await #expect(throws: ControlError.self) { try await server.client.status() }
        #expect(error?.code == .tooManyRequests)
        server.caller.current = RunningServer.user(1001)
        _ = try await server.client.status()
        server.caller.current = RunningServer.admin
        for _ in 0..<10 { _ = try await server.client.status() }
    }
}

@Test(arguments: ["\u{0}\u{1}\u{2}\u{ff}\r\n\r\n", "GET", "GET / HTTP/9.9\r\n\r\n", "\r\n\r\n\r\n", "POST /v1/pause HTTP/1.1\r\nContent-Length: -1\r\n\r\n"])
func garbage_hurtsNobody_whateverItIs(garbage: String) async throws {
    var limits = ControlServer.Limits()
    // Long enough for the honest caller where other tests hold up his threads.
    limits.idle = .seconds(3)
    try await withServer(limits: limits) { server async throws in
        let connection = try #require(RawConnection(server.socket))
        connection.send(garbage)
        let answer = try #require(await connection.readToEnd(), "it is closed")
        #expect(!answer.contains(" 200 "))
        #expect(try await server.client.status().pid == 42)
    }
}
