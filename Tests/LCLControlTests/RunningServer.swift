// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLControl
import Logging
import ServiceLifecycle
import Synchronization

/// A server on a socket of its own, in a group that the test can shut down.
struct RunningServer {
    let daemon: FakeDaemon
    let socket: String
    let group: ServiceGroup
    /// Who the next requests come from.
    let caller: CallerBox

    var client: ControlClient { ControlClient(socket: socket, timeout: .seconds(10)) }

    func stop() async { await group.triggerGracefulShutdown() }

    final class CallerBox: Sendable {
        private let value: Mutex<Caller>
        init(_ caller: Caller) { value = Mutex(caller) }
        var current: Caller {
            get { value.withLock { $0 } }
            set { value.withLock { $0 = newValue } }
        }
    }

    static let admin = Caller(uid: 0, gid: 0, isAdmin: true)
    static func user(_ uid: UInt32) -> Caller { Caller(uid: uid, gid: uid, isAdmin: false) }

    static var quiet: Logger {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }
}

/// A directory that is gone after `body`.
func withTemporaryDirectory<T>(_ body: (String) async throws -> T) async throws -> T {
    let directory = FileManager.default.temporaryDirectory.path + "/lcl-\(UInt32.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    return try await body(directory)
}

/// Runs a server until `body` ends; it must then stop in good order.
func withServer<T: Sendable>(
    _ daemon: FakeDaemon = FakeDaemon(), as caller: Caller = RunningServer.admin, limits: ControlServer.Limits = .init(),
    realPeers: Bool = false, _ body: (RunningServer) async throws -> T
) async throws -> T {
    try await withTemporaryDirectory { directory async throws in
        let socket = directory + "/run/control.sock", box = RunningServer.CallerBox(caller)
        let (listening, hasListened) = AsyncStream.makeStream(of: Void.self)
        let server = realPeers
            ? ControlServer(socket: socket, backend: daemon, limits: limits, logger: RunningServer.quiet) { hasListened.yield() }
            : ControlServer(
                socket: socket, backend: daemon, limits: limits, logger: RunningServer.quiet, identify: { _ in box.current },
                onListening: { hasListened.yield() })
        let group = ServiceGroup(services: [server], logger: RunningServer.quiet)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { hasListened.finish() }
                try await group.run()
            }
            for await _ in listening { break }
            let outcome: Result<T, any Error>
            do {
                outcome = .success(try await body(RunningServer(daemon: daemon, socket: socket, group: group, caller: box)))
            } catch {
                outcome = .failure(error)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return try outcome.get()
        }
    }
}
