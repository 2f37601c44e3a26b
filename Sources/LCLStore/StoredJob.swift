// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import LCLJob

/// A job that is to be remembered.
public struct NewJob: Sendable {
    public var id: JobID
    public var name: String?
    /// Of the submitter.
    public var uid: UInt32
    public var priority: Int
    /// When intake took it, milliseconds since 1970 UTC.
    public var created: Int64
    /// When it expires if nobody started it.
    public var expires: Int64?
    /// Number of queries, or of a training's pictures.
    public var queries: Int
    /// Of all pictures.
    public var bytes: Int
    public var task: Manifest.Task

    public init(
        id: JobID, name: String? = nil, uid: UInt32, priority: Int = 0, created: Int64, expires: Int64? = nil, queries: Int, bytes: Int = 0,
        task: Manifest.Task = .classify
    ) {
        self.id = id
        self.name = name
        self.uid = uid
        self.priority = priority
        self.created = created
        self.expires = expires
        self.queries = queries
        self.bytes = bytes
        self.task = task
    }
}

/// A job as the store has it. Times are milliseconds since 1970 UTC.
public struct StoredJob: Equatable, Sendable {
    /// Its place in the order of arrival: the cursor of lists.
    public var serial: Int64
    public var id: JobID
    public var name: String?
    public var uid: UInt32
    public var state: JobState
    public var priority: Int
    public var created: Int64
    /// Of the newest attempt.
    public var started: Int64?
    public var finished: Int64?
    public var expires: Int64?
    /// Attempts that count: those since something was last kept, and that were not given back.
    public var attempts: Int
    public var queries: Int
    /// Queries with a verdict, whichever.
    public var answered: Int
    /// Queries whose verdict is an error.
    public var failed: Int
    public var failure: Failure?
}

extension StoredJob: FetchableRecord {
    public init(row: Row) throws {
        guard let id = JobID(row["id"] as String), let state = JobState(rawValue: row["state"]) else {
            throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a job has no id or state of ours")
        }
        self.id = id
        self.state = state
        serial = row["serial"]
        name = row["name"]
        uid = row["uid"]
        priority = row["priority"]
        created = row["created"]
        started = row["started"]
        finished = row["finished"]
        expires = row["expires"]
        attempts = row["attempts"]
        queries = row["queries"]
        answered = row["answered"]
        failed = row["failed"]
        failure = try (row["failure"] as String?).map { try CanonicalJSON.decode(Failure.self, from: Data($0.utf8)) }
    }
}

/// One thing that happened to a job, or to the daemon.
public struct StoredEvent: Equatable, Sendable {
    public var at: Int64
    public var job: JobID?
    /// A ``LCLJob/JobEvent``'s raw value, or another word.
    public var event: String
    /// A user, or `lcld`.
    public var actor: String
    public var detail: String?
}

extension StoredEvent: FetchableRecord {
    public init(row: Row) {
        at = row["at"]
        job = (row["job"] as String?).flatMap { JobID($0) }
        event = row["event"]
        actor = row["actor"]
        detail = row["detail"]
    }
}

/// One line of JSON for a column.
func jsonText(_ value: some Encodable) throws -> String { String(decoding: try CanonicalJSON.encode(value).dropLast(), as: UTF8.self) }
