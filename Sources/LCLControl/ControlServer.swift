// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The daemon's end of the control socket: a service that runs until its group shuts down; watchers are let go first.
public struct ControlServer: Service {
    /// Its members control every job and the daemon.
    public static let adminGroup = "lcld"

    /// What a caller can use up.
    public struct Limits: Sendable {
        /// Bytes of a request's body.
        public var body = 64 * 1024
        /// Bytes of all headers of a request.
        public var headers = 16 * 1024
        /// Open connections; further ones wait in the kernel's queue. A quarter is root's alone.
        public var connections = 256
        /// Open connections of one user; further ones are closed.
        public var connectionsPerUser = 64
        /// Requests that a user may make at once, and then in a second; administrators are not counted.
        public var burst = 400.0
        public var requestsPerSecond = 200.0
        /// How long a request may take to arrive whole, and a connection may lie idle.
        public var idle = Duration.seconds(30)
        /// How often a silent watch says that it lives.
        public var heartbeat = Duration.seconds(5)
        /// How long answers that are being written may take once the daemon stops.
        public var grace = Duration.seconds(5)

        public init() {}
    }

    private let path: String
    private let backend: any ControlBackend
    private let limits: Limits
    private let logger: Logger
    private let identify: @Sendable (any Channel) async throws -> Caller
    private let onListening: @Sendable () async -> Void

    /// `onListening` is called once, when the socket is in place.
    public init(
        socket path: String, backend: any ControlBackend, limits: Limits = Limits(), logger: Logger,
        onListening: @escaping @Sendable () async -> Void = {}
    ) {
        let administrators = Administrators(group: Self.adminGroup)
        self.init(
            socket: path, backend: backend, limits: limits, logger: logger,
            identify: { administrators.caller(try await Peer(of: $0)) }, onListening: onListening)
    }

    /// For tests: callers are whoever `identify` says.
    package init(
        socket path: String, backend: any ControlBackend, limits: Limits, logger: Logger,
        identify: @escaping @Sendable (any Channel) async throws -> Caller,
        onListening: @escaping @Sendable () async -> Void
    ) {
        self.path = path
        self.backend = backend
        self.limits = limits
        self.logger = logger
        self.identify = identify
        self.onListening = onListening
    }

    /// - Throws: ``ControlError`` `socket.in_use`, `socket.path`.
    public func run() async throws {
        let file = try SocketFile(path: path)
        let failure = Mutex<ControlError?>(nil)
        let application = application(bindingTo: file.temporary) { channel in
            do throws(ControlError) {
                try file.publish()
            } catch {
                failure.withLock { $0 = error }
                return channel.close(promise: nil)
            }
            logger.info("control socket listens", metadata: ["path": "\(path)"])
            await onListening()
        }
        defer { file.remove() }
        do {
            try await runWithinGrace(application)
        } catch {
            throw failure.withLock { $0 } ?? error
        }
    }

    private func application(
        bindingTo address: String, onListening: @escaping @Sendable (any Channel) async -> Void
    ) -> some Service {
        // The library's own notices speak of the temporary name.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let count = ConnectionCount(limit: limits.connectionsPerUser, total: limits.connections * 3 / 4)
        let routes = ControlRoutes(backend: backend, heartbeat: limits.heartbeat)
        return Application(
            router: routes.router(behind: Gate(limits: limits, rate: RequestRate(limits), identify: identify)),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [PeerGate(count)], idleTimeout: TimeAmount(limits.idle),
                    httpDecoderConfiguration: .init(maxHeaderFieldSize: limits.headers, maxHeaderListSize: limits.headers, maxHeaderFieldCount: 64))),
            configuration: .init(
                address: .unixDomainSocket(path: address), serverName: "lcld",
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connections, logger: quiet)),
            onServerRunning: onListening,
            logger: quiet)
    }

    /// Runs the server; once its group shuts down, answers that nobody reads are cut off after the grace.
    private func runWithinGrace(_ server: some Service) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask {
                try await gracefulShutdown()
                try await Task.sleep(for: limits.grace)
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
