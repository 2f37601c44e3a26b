// SPDX-License-Identifier: Apache-2.0

/// Why a request over the control socket was not met: a stable code for programs, a sentence for people.
///
/// A backend throws it, the server sends it as `{"error":{"code","message"}}`, the client throws it again.
public struct ControlError: Error, Codable, Hashable, Sendable, CustomStringConvertible {
    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    public enum Code: String, Codable, Sendable, CaseIterable {
        // Said by the daemon.
        case badRequest = "request.bad"
        case requestTooLarge = "request.too_large"
        case requestTimeout = "request.timeout"
        /// The caller asks more often than a user may.
        case tooManyRequests = "request.too_many"
        case noSuchRoute = "route.unknown"
        case noSuchJob = "job.unknown"
        /// The caller may not see or change this.
        case notAllowed = "caller.not_allowed"
        /// The job's state does not permit it: cancel of a finished job, result of a queued one.
        case wrongState = "job.wrong_state"
        /// The daemon is stopping or overloaded.
        case unavailable = "daemon.unavailable"
        case `internal` = "daemon.internal"

        // Found by the client, or by the server as it starts.
        /// Nobody listens on the socket.
        case notRunning = "daemon.not_running"
        /// Another daemon listens on the socket.
        case socketInUse = "socket.in_use"
        case socketPath = "socket.path"
        /// No answer in time.
        case timeout = "daemon.timeout"
        /// The answer is not what this version of the client understands.
        case protocolMismatch = "daemon.protocol"

        /// The HTTP status that carries this code.
        public var httpStatus: Int {
            switch self {
            case .badRequest: 400
            case .notAllowed: 403
            case .noSuchRoute, .noSuchJob: 404
            case .requestTimeout: 408
            case .wrongState: 409
            case .requestTooLarge: 413
            case .tooManyRequests: 429
            case .unavailable: 503
            default: 500
            }
        }
    }

    /// The error document.
    package struct Document: Codable, Sendable {
        package let error: ControlError
    }
}

extension ControlError {
    public static func noSuchJob(_ id: String) -> ControlError {
        ControlError(.noSuchJob, "there is no job '\(id)'; `lclctl list` shows the jobs")
    }
}
