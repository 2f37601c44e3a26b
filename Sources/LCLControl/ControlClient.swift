// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import NIOCore
import NIOHTTP1

/// The other end of the control socket: each call is a connection of its own.
///
/// All throw ``ControlError``: what the daemon said, or `daemon.not_running`, `daemon.timeout`, `daemon.protocol`.
public struct ControlClient: Sendable {
    public let socket: String
    /// How long the daemon may be silent.
    public let timeout: Duration

    public init(socket: String = ControlSocket.path(), timeout: Duration = .seconds(20)) {
        self.socket = socket
        self.timeout = timeout
    }

    // MARK: The daemon

    public func status() async throws -> DaemonStatus { try await get("/v1/status") }

    public func perform(_ action: DaemonAction) async throws -> DaemonStatus {
        try await send(.POST, "/v1/\(action.rawValue)")
    }

    public func log(limit: Int = 100) async throws -> [LogEntry] {
        let page: LogPage = try await get("/v1/log?limit=\(limit)")
        return page.entries
    }

    // MARK: Jobs

    public func jobs(_ filter: JobFilter) async throws -> JobPage {
        var items = [URLQueryItem(name: "limit", value: "\(filter.limit)")]
        if !filter.states.isEmpty { items.append(.init(name: "state", value: filter.states.map(\.rawValue).joined(separator: ","))) }
        if let uid = filter.uid { items.append(.init(name: "user", value: "\(uid)")) }
        if let cursor = filter.cursor { items.append(.init(name: "cursor", value: cursor)) }
        var components = URLComponents()
        components.queryItems = items
        // A plus is a space to some servers, and a cursor may hold one.
        let query = (components.percentEncodedQuery ?? "").replacingOccurrences(of: "+", with: "%2B")
        return try await get("/v1/jobs?\(query)")
    }

    public func job(_ id: JobID) async throws -> JobDetail { try await get("/v1/jobs/\(id)") }

    public func log(of id: JobID, limit: Int = 100) async throws -> [LogEntry] {
        let page: LogPage = try await get("/v1/jobs/\(id)/log?limit=\(limit)")
        return page.entries
    }

    public func perform(_ action: JobAction, on id: JobID) async throws -> JobSummary {
        switch action {
        case .cancel: try await send(.POST, "/v1/jobs/\(id)/cancel")
        case .hold: try await send(.POST, "/v1/jobs/\(id)/hold")
        case .release: try await send(.POST, "/v1/jobs/\(id)/release")
        case .retry: try await send(.POST, "/v1/jobs/\(id)/retry")
        case .priority(let priority): try await send(.PUT, "/v1/jobs/\(id)/priority", body: CanonicalJSON.encode(["priority": priority]))
        }
    }

    /// The bytes of the result as they come, so that a large one need not fit in memory.
    public func result(of id: JobID, _ receive: (Data) throws -> Void) async throws {
        try await exchange(.GET, "/v1/jobs/\(id)/result", receive: receive)
    }

    public func result(of id: JobID) async throws -> JobResult {
        var bytes = Data()
        try await result(of: id) { bytes.append($0) }
        return try decode(JobResult.self, from: bytes)
    }

    /// What a job that is done has published.
    public enum Outcome: Sendable {
        case answers(JobResult)
        case model(TrainingResult)
    }

    public func outcome(of id: JobID) async throws -> Outcome {
        struct Head: Decodable { var schema: String }
        var bytes = Data()
        try await result(of: id) { bytes.append($0) }
        guard try decode(Head.self, from: bytes).schema == TrainingResult.schemaName else { return .answers(try decode(JobResult.self, from: bytes)) }
        return .model(try decode(TrainingResult.self, from: bytes))
    }

    /// Calls `receive` with each step of the job (`nil`: of all jobs) until it is final or the daemon stops.
    public func watch(_ id: JobID?, _ receive: (JobProgress) throws -> Void) async throws {
        var lines = LineSplitter()
        try await exchange(.GET, id.map { "/v1/jobs/\($0)/watch" } ?? "/v1/watch") { bytes in
            for line in try lines.split(bytes) { try receive(decode(JobProgress.self, from: line)) }
        }
    }

    // MARK: HTTP

    private func get<Answer: Decodable>(_ path: String) async throws -> Answer { try await send(.GET, path) }

    private func send<Answer: Decodable>(_ method: HTTPMethod, _ path: String, body: Data? = nil) async throws -> Answer {
        var bytes = Data()
        try await exchange(method, path, body: body) { bytes.append($0) }
        return try decode(Answer.self, from: bytes)
    }

    private func exchange(_ method: HTTPMethod, _ path: String, body: Data? = nil, receive: (Data) throws -> Void) async throws {
        try await HTTPExchange(socket: socket, silence: TimeAmount(timeout)).run(method, path, body: body, receive: receive)
    }

    private func decode<Value: Decodable>(_ type: Value.Type, from bytes: Data) throws(ControlError) -> Value {
        do {
            return try CanonicalJSON.decode(type, from: bytes)
        } catch {
            throw ControlError(.protocolMismatch, "the daemon's answer was not understood; is it of another version than this program? (\(error))")
        }
    }
}

/// Cuts a stream of bytes into lines; blank ones are dropped.
struct LineSplitter {
    private var rest = Data()
    private static let maximumLength = 1 << 20

    /// - Throws: ``ControlError`` `daemon.protocol` for a line without end.
    mutating func split(_ bytes: Data) throws(ControlError) -> [Data] {
        rest.append(bytes)
        var lines: [Data] = []
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            if end > rest.startIndex { lines.append(Data(rest[..<end])) }
            rest = Data(rest[(end + 1)...])
        }
        guard rest.count <= Self.maximumLength else { throw ControlError(.protocolMismatch, "the daemon sent a line without end") }
        return lines
    }
}
