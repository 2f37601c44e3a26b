// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl
import LCLJob
import Testing

private func limits(_ change: (inout ControlServer.Limits) -> Void) -> ControlServer.Limits {
    var limits = ControlServer.Limits()
    change(&limits)
    return limits
}

@Test func caller_isWhoTheKernelSays_whenNobodyElseIsAsked() async throws {
    let foreign = FakeDaemon.job("foreign", uid: geteuid() &+ 1)
    try await withServer(FakeDaemon([foreign]), realPeers: true) { server async throws in
        // The tests run as the user that the daemon runs as: an administrator.
        let job = try await server.client.job(foreign.summary.id)
        #expect(job == foreign)
        #expect(try await server.client.perform(.pause).mode == .paused)
    }
}

@Test func socket_isOpenToAllInADirectoryThatIsNot_whateverTheUmask() async throws {
    let before = umask(0o077)
    defer { umask(before) }
    try await withServer { server async throws in
        let files = FileManager.default
        let directory = String(server.socket.dropLast("/control.sock".count))
        #expect(try files.attributesOfItem(atPath: server.socket)[.posixPermissions] as? Int == 0o666)
        #expect(try files.attributesOfItem(atPath: directory)[.posixPermissions] as? Int == 0o755)
        #expect(try files.contentsOfDirectory(atPath: directory) == ["control.sock"])
    }
}

@Test func socket_isRemoved_whenTheServerStops() async throws {
    let path = try await withServer { $0.socket }
    #expect(!FileManager.default.fileExists(atPath: path))
}

@Test func server_isRefused_whenAnotherAnswersOnItsSocket() async throws {
    try await withServer { server async throws in
        let second = ControlServer(socket: server.socket, backend: FakeDaemon(), logger: RunningServer.quiet)
        let error = await #expect(throws: ControlError.self) { try await second.run() }
        #expect(error?.code == .socketInUse)
        #expect(try await server.client.status().pid == 42)
    }
}

@Test func server_replacesASocketThatACrashLeft() async throws {
    try await withTemporaryDirectory { directory async throws in
        let path = directory + "/control.sock"
        // A socket that was bound, and whose process is gone.
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        close(descriptor)
        #expect(bound == 0)
        let (listening, hasListened) = AsyncStream.makeStream(of: Void.self)
        let server = ControlServer(socket: path, backend: FakeDaemon(), logger: RunningServer.quiet) { hasListened.yield() }
        let running = Task { try await server.run() }
        for await _ in listening { break }
        #expect(try await ControlClient(socket: path).status().pid == 42)
        running.cancel()
        _ = await running.result
    }
}

@Test func server_isRefused_whenItsPathIsNoSocketOrTooLong() async throws {
    try await withTemporaryDirectory { directory async throws in
        try Data("precious".utf8).write(to: URL(fileURLWithPath: directory + "/file"))
        for path in [directory + "/file", directory + "/" + String(repeating: "x", count: 100), directory + "/no/such/directory"] {
            let server = ControlServer(socket: path, backend: FakeDaemon(), logger: RunningServer.quiet)
            let error = await #expect(throws: ControlError.self) { try await server.run() }
            #expect(error?.code == .socketPath)
        }
        #expect(FileManager.default.contents(atPath: directory + "/file") == Data("precious".utf8))
    }
}

@Test(arguments: [
    "BREW /v1/coffee\r\n\r\n", "GET /v1/status HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1} TLS hello\r\n\r\n",
    "GET /v1 HTTP/1.1\r\nHost lcld\r\n\r\n", "PUT /v1/jobs/mine/priority HTTP/1.1\r\nHost: a\r\nContent-Length: -4\r\n\r\n",
])
func connection_isClosedWithBadRequest_whenItIsNoHTTP(text: String) async throws {
    try await withServer { server async throws in
        let connection = try #require(RawConnection(server.socket))
        connection.send(text)
        let answer = try #require(await connection.readToEnd())
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400"))
        #expect(try await server.client.status().pid == 42)
    }
}

@Test(arguments: ["GET /v2", "GET /", "DELETE /v1/jobs/mine", "POST /v1/status", "GET /v1/jobs/mine/../../status"])
func route_isUnknown_whenItIsNotInTheDocument(start: String) async throws {
    try await withServer { server async throws in
        let connection = try #require(RawConnection(server.socket))
        connection.send("\(start) HTTP/1.1\r\nHost: lcld\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        let answer = try #require(await connection.readToEnd())
        #expect(answer.hasPrefix("HTTP/1.1 404") && answer.contains("\"route.unknown\""))
    }
}

@Test func name_isNotEchoedRaw_whenItIsNoJobID() async throws {
    try await withServer { server async throws in
        let connection = try #require(RawConnection(server.socket))
        connection.send("GET /v1/jobs/..%2fx\"y HTTP/1.1\r\nHost: lcld\r\nConnection: close\r\n\r\n")
        let answer = try #require(await connection.readToEnd())
        #expect(answer.hasPrefix("HTTP/1.1 404") && answer.contains("\"job.unknown\""))
        #expect(!answer.contains("x\"y"))
    }
}

@Test func request_isTooLarge_whenItsLengthSaysSo() async throws {
    try await withServer { server async throws in
        let connection = try #require(RawConnection(server.socket))
        connection.send("POST /v1/pause HTTP/1.1\r\nHost: lcld\r\nContent-Length: 1000000000000\r\n\r\n")
        let answer = try #require(await connection.readToEnd())
        #expect(answer.hasPrefix("HTTP/1.1 413") && answer.contains("\"request.too_large\""))
    }
}

@Test func request_isTooLarge_whenItsChunksGrow() async throws {
    try await withServer(limits: limits { $0.body = 1000 }) { server async throws in
        let connection = try #require(RawConnection(server.socket))
        connection.send("POST /v1/pause HTTP/1.1\r\nHost: lcld\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<3 { connection.send("200\r\n" + String(repeating: "x", count: 512) + "\r\n") }
        let answer = try #require(await connection.readToEnd())
        #expect(answer.hasPrefix("HTTP/1.1 413"))
        #expect(try await server.client.status().mode == .running)
    }
}

@Test func request_isTooLarge_whenItSaysMoreThanItsRouteNeeds() async throws {
    try await withServer { server async throws in
        let connection = try #require(RawConnection(server.socket))
        connection.send("PUT /v1/jobs/a/priority HTTP/1.1\r\nHost: lcld\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n" + String(repeating: " ", count: 5000))
        let answer = try #require(await connection.readToEnd())
        #expect(answer.hasPrefix("HTTP/1.1 413") && answer.contains("\"request.too_large\""))
    }
}

@Test func headers_areRefused_whenTheyAreTooLong() async throws {
    try await withServer { server async throws in
        let connection = try #require(RawConnection(server.socket))
        connection.send("GET /v1/status HTTP/1.1\r\nHost: lcld\r\nX: " + String(repeating: "x", count: 20_000) + "\r\n\r\n")
        let answer = try #require(await connection.readToEnd())
        #expect(!answer.hasPrefix("HTTP/1.1 200"))
    }
}

@Test func connection_isClosed_whenNothingComes() async throws {
    try await withServer(limits: limits { $0.idle = .milliseconds(50) }) { server async throws in
        let connection = try #require(RawConnection(server.socket))
        #expect(await connection.readToEnd() == "")
    }
}

@Test func connection_isClosed_whenItsHeadersDribble() async throws {
    try await withServer(limits: limits { $0.idle = .milliseconds(50) }) { server async throws in
        let connection = try #require(RawConnection(server.socket))
        connection.send("GET /v1/status HTTP/1.1\r\nHost: lc")
        #expect(await connection.readToEnd() == "")
    }
}

@Test func request_timesOut_whenItsBodyDribbles() async throws {
    try await withServer(limits: limits { $0.idle = .milliseconds(200) }) { server async throws in
        let connection = try #require(RawConnection(server.socket))
        connection.send("POST /v1/pause HTTP/1.1\r\nHost: lcld\r\nContent-Length: 1000\r\n\r\n")
        let dribble = Task {
            while !Task.isCancelled, connection.send("x") { try await Task.sleep(for: .milliseconds(10)) }
        }
        let answer = try #require(await connection.readToEnd())
        dribble.cancel()
        #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 408"))
        #expect(try await server.client.status().mode == .running)
    }
}

@Test func connection_isClosed_whenItsUserHasTooMany() async throws {
    try await withServer(limits: limits { $0.connectionsPerUser = 2 }) { server async throws in
        let first = try #require(RawConnection(server.socket)), second = try #require(RawConnection(server.socket))
        // Both have been let in once they are answered.
        for connection in [first, second] {
            connection.send("GET /v1 HTTP/1.1\r\nHost: lcld\r\n\r\n")
            #expect(await connection.readSome()?.hasPrefix("HTTP/1.1 200") == true)
        }
        let third = try #require(RawConnection(server.socket))
        #expect(await third.readToEnd() == "")
        withExtendedLifetime((first, second)) {}
    }
}

@Test func server_stops_whenAReaderDoesNotRead() async throws {
    try await withTemporaryDirectory { directory async throws in
        let path = directory + "/result.json"
        try Data(count: 8 << 20).write(to: URL(fileURLWithPath: path))
        let daemon = FakeDaemon([FakeDaemon.job("mine", uid: 0, .done)])
        daemon.with { $0.resultPath = path }
        // `withServer` itself waits for the server's end.
        let stuck = try await withServer(daemon, limits: limits { $0.grace = .milliseconds(50) }) { server async throws in
            let connection = try #require(RawConnection(server.socket))
            connection.send("GET /v1/jobs/mine/result HTTP/1.1\r\nHost: lcld\r\n\r\n")
            _ = try await server.client.status()
            return connection
        }
        #expect(stuck.send("x") == false)
    }
}

@Test func client_saysThatNobodyListens_whenTheDaemonIsNotRunning() async throws {
    try await withTemporaryDirectory { directory async throws in
        let error = await #expect(throws: ControlError.self) { try await ControlClient(socket: directory + "/none.sock").status() }
        #expect(error?.code == .notRunning)
        #expect(error?.message.contains("systemctl start lcld") == true)
    }
}

@Test func socketPath_isTheFlagThenTheEnvironmentThenTheDefault() {
    #expect(ControlSocket.path(flag: "/a", environment: ["LCLD_SOCKET": "/b"]) == "/a")
    #expect(ControlSocket.path(environment: ["LCLD_SOCKET": "/b"]) == "/b")
    #expect(ControlSocket.path(environment: ["LCLD_SOCKET": ""]) == "/run/lcld/control.sock")
}
