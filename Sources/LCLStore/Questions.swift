// SPDX-License-Identifier: Apache-2.0
import GRDB
import LCLJob

/// What people ask about jobs.
extension JobStore {
    /// - Throws: ``StoreError/unknownJob(_:)``.
    public func job(_ id: JobID) async throws(StoreError) -> StoredJob {
        try await read("read job '\(id)'") { try $0.job(id) }
    }

    /// Number of jobs in each state; states without jobs are left out.
    public func counts() async throws(StoreError) -> [JobState: Int] {
        try await read("count jobs") { db in
            let rows = try Row.fetchAll(db, sql: "SELECT state, count(*) AS n FROM jobs GROUP BY state")
            return try Dictionary(uniqueKeysWithValues: rows.map { row in
                guard let state = JobState(rawValue: row["state"]) else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
                return (state, row["n"])
            })
        }
    }

    /// Jobs, newest first.
    /// - Parameters:
    ///   - states: empty is all.
    ///   - uid: the submitter; `nil` is all.
    ///   - before: the serial of the last job of the page before.
    public func jobs(states: Set<JobState> = [], uid: UInt32? = nil, limit: Int, before: Int64? = nil) async throws(StoreError) -> [StoredJob] {
        try await read("list jobs") { db in
            // One walk down an index per state, merged: a sort of all that match would read them all.
            let names: [String?] = states.isEmpty || uid != nil ? [nil] : states.map(\.rawValue)
            var found: [StoredJob] = []
            for name in names {
                var sql = "SELECT * FROM jobs WHERE serial < ?", arguments: StatementArguments = [before ?? Int64.max]
                if let name {
                    sql += " AND state = ?"
                    arguments += [name]
                } else if !states.isEmpty {
                    sql += " AND state IN (\(states.map { "'\($0.rawValue)'" }.joined(separator: ", ")))"
                }
                if let uid {
                    sql += " AND uid = ?"
                    arguments += [uid]
                }
                found += try StoredJob.fetchAll(db, sql: sql + " ORDER BY serial DESC LIMIT ?", arguments: arguments + [limit])
            }
            return Array(found.sorted { $0.serial > $1.serial }.prefix(limit))
        }
    }

    /// The state of every job, for recovery.
    public func states() async throws(StoreError) -> [JobID: JobState] {
        try await read("read all states") { db in
            var states: [JobID: JobState] = [:]
            let rows = try Row.fetchCursor(db, sql: "SELECT id, state FROM jobs")
            while let row = try rows.next() {
                guard let id = JobID(row["id"] as String), let state = JobState(rawValue: row["state"]) else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
                states[id] = state
            }
            return states
        }
    }

    // MARK: The story

    /// Notes what is no ``LCLJob/JobEvent``, about a job or the daemon itself.
    public func note(_ event: String, job: JobID? = nil, actor: String, at now: Int64, detail: String? = nil) async throws(StoreError) {
        try await write("note '\(event)'") { db in
            let uid = try job.flatMap { try UInt32.fetchOne(db, sql: "SELECT uid FROM jobs WHERE id = ?", arguments: [$0.rawValue]) }
            try db.note(event, job, uid: uid, actor: actor, at: now, detail: detail)
        }
    }

    /// The last `limit` events, oldest first: of one job, or of a submitter's jobs and the daemon itself, or all.
    public func events(of id: JobID? = nil, uid: UInt32? = nil, limit: Int = 100) async throws(StoreError) -> [StoredEvent] {
        try await read("read events") { db in
            let (filter, arguments): (String, StatementArguments) =
                if let id { ("WHERE job = ?", [id.rawValue]) } else if let uid { ("WHERE uid = ? OR job IS NULL", [uid]) } else { ("", []) }
            return try StoredEvent.fetchAll(
                db, sql: "SELECT * FROM events \(filter) ORDER BY serial DESC LIMIT ?", arguments: arguments + [limit]).reversed()
        }
    }

    /// Forgets events before a time, and the oldest where there are more than `most` of one submitter's jobs, or of all.
    public func forgetEvents(before: Int64, most: (user: Int, all: Int)) async throws(StoreError) {
        try await write("forget old events") { db in
            try db.execute(
                sql: "DELETE FROM events WHERE at < ? OR serial <= (SELECT serial FROM events ORDER BY serial DESC LIMIT 1 OFFSET ?)", arguments: [before, most.all])
            for uid in try UInt32.fetchAll(db, sql: "SELECT uid FROM events WHERE uid IS NOT NULL GROUP BY uid HAVING count(*) > ?", arguments: [most.user]) {
                try db.execute(
                    sql: "DELETE FROM events WHERE uid = ? AND serial <= (SELECT serial FROM events WHERE uid = ? ORDER BY serial DESC LIMIT 1 OFFSET ?)",
                    arguments: [uid, uid, most.user])
            }
        }
    }
}
