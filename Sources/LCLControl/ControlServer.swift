// SPDX-License-Identifier: Apache-2.0
import Hummingbird
import Logging
import NIOCore

/// The daemon's end of the control socket: a service that runs until its group shuts down; watchers are let go first.
public struct ControlServer: Sendable {
    /// What a caller can use up.
    public struct Limits: Sendable {
        /// Bytes of a request's body.
        public var body = 64 * 1024
        /// Bytes of all headers of a request.
        public var headers = 16 * 1024
        /// Open connections; further ones wait in the kernel's queue.
        public var connections = 256
        /// Open connections of one user; further ones are closed.
        public var connectionsPerUser = 64
        /// How long a request may take to arrive whole, and a connection may lie idle.
        public var idle = Duration.seconds(30)
        /// How often a silent watch says that it lives.
        public var heartbeat = Duration.seconds(5)

        public init() {}
    }

    public init(
        socket path: String, backend: any ControlBackend, limits: Limits = Limits(), logger: Logger,
        onListening: @escaping @Sendable () async -> Void = {}
    ) {
        fatalError()
    }

    /// - Throws: ``ControlError`` `socket.in_use`, `socket.path`.
    public func run() async throws {
        fatalError()
    }
}
