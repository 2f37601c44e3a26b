// SPDX-License-Identifier: Apache-2.0
import GRDB
import LCLJob

/// The life of jobs: how they come in, are chosen, change their state, and leave.
extension JobStore {
    /// Remembers jobs as `queued`. Those whose id is known already are left as they are, so it may be called again.
    /// - Returns: how many were new.
    @discardableResult
    public func insert(_ jobs: [NewJob]) async throws(StoreError) -> Int {
        let ageing = ageing
        return try await write("insert jobs") { db in
            try jobs.count { try db.insert($0, as: .queued, ageing: ageing, finished: nil, failure: nil) }
        }
    }

    /// Remembers a job that was over before it was queued: refused at intake, or found in `done/` or `failed/` without a row.
    /// - Returns: whether it was new.
    @discardableResult
    public func insert(_ job: NewJob, as state: JobState, finished: Int64, failure: Failure? = nil) async throws(StoreError) -> Bool {
        precondition(state.isFinal, "queued jobs are inserted as such")
        let ageing = ageing
        return try await write("insert job '\(job.id)'") { try $0.insert(job, as: state, ageing: ageing, finished: finished, failure: failure) }
    }

    /// Chooses the next job, marks it `running` and charges it an attempt, in one transaction; `nil` where none is queued.
    ///
    /// Among submitters the one who has had the fewest queries is next (start-time fair queueing: who was away does not save
    /// up); of trainings, the one whose last was begun longest ago. Among a submitter's jobs the lowest rank is: arrival, minus priority x ``ageing``.
    /// - Parameter served: submitters whose jobs are passed over.
    public func claimNext(_ task: Manifest.Task = .classify, except served: Set<UInt32> = [], at now: Int64) async throws(StoreError) -> StoredJob? {
        try await write("claim a job") { db in
            guard let (id, uid) = try db.next(task, served, now) else { return nil }
            let job = try db.apply(.start, to: id, actor: "lcld", at: now, failure: nil, detail: nil)
            // A training has what nobody else wants.
            try db.charge(uid, queries: task == .train ? 0 : max(1, job.queries - job.answered))
            if task == .train { try db.execute(sql: "INSERT OR REPLACE INTO facts VALUES (?, ?)", arguments: ["trained \(uid)", now]) }
            return job
        }
    }

    /// Lets `event` happen to a job, as ``LCLJob/JobState/applying(_:)`` says, and notes who did it.
    ///
    /// `start` charges an attempt and `requeue` (or `hold` of a running job) gives it back; `retry` forgets attempts and those verdicts that are errors.
    /// What was started once, or is tried again, does not expire any more.
    /// - Parameters:
    ///   - actor: a user, or `lcld`.
    ///   - failure: why a job ended badly; its message is the event's detail where none is given.
    /// - Throws: ``StoreError/illegal(job:state:event:)``, ``StoreError/unknownJob(_:)``.
    @discardableResult
    public func apply(
        _ event: JobEvent, to id: JobID, actor: String, at now: Int64, failure: Failure? = nil, detail: String? = nil
    ) async throws(StoreError) -> StoredJob {
        try await write("\(event.rawValue) job '\(id)'") { try $0.apply(event, to: id, actor: actor, at: now, failure: failure, detail: detail) }
    }

    /// Makes the row say what the spool says: a job found in `done/` or `failed/` is over, whatever the row was.
    public func settle(_ id: JobID, as state: JobState, at now: Int64, failure: Failure? = nil) async throws(StoreError) {
        precondition(state.isFinal, "the spool settles only what is over")
        try await write("settle job '\(id)'") { try $0.settle(id, as: state, at: now, failure: failure) }
    }

    /// The same for a job in `done/`, in one transaction with the count of its answers.
    /// - Parameters:
    ///   - failed: queries that were answered with an error.
    ///   - new: the row, where there is none.
    public func settleDone(_ id: JobID, failed: Int, at now: Int64, inserting new: NewJob? = nil) async throws(StoreError) {
        let ageing = ageing
        try await write("settle job '\(id)'") { db in
            if let new { _ = try db.insert(new, as: .done, ageing: ageing, finished: now, failure: nil) }
            try db.settle(id, as: .done, at: now, failure: nil)
            try db.complete(db.job(id), failed: failed)
        }
    }

    /// Puts a job behind all others of its submitter that have its priority, as if it had just come.
    public func postpone(_ id: JobID, at now: Int64) async throws(StoreError) {
        let ageing = ageing
        try await write("postpone job '\(id)'") {
            try $0.execute(sql: "UPDATE jobs SET rank = ? - priority * ? WHERE id = ?", arguments: [now, ageing, id.rawValue])
        }
    }

    /// Moves a job that is not over within its submitter's queue.
    /// - Throws: ``StoreError/illegal(job:state:event:)`` where it is over.
    @discardableResult
    public func setPriority(_ priority: Int, of id: JobID, actor: String, at now: Int64) async throws(StoreError) -> StoredJob {
        let ageing = ageing
        return try await write("set the priority of job '\(id)'") { db in
            let job = try db.job(id)
            guard !job.state.isFinal else { throw StoreError.illegal(job: id, state: job.state, event: .start) }
            guard priority != job.priority else { return job }
            try db.execute(
                sql: "UPDATE jobs SET priority = ?, rank = rank - ? WHERE id = ?",
                arguments: [priority, Int64(priority - job.priority) * ageing, id.rawValue])
            try db.note("priority", id, uid: job.uid, actor: actor, at: now, detail: "\(job.priority) to \(priority)")
            return try db.job(id)
        }
    }

    /// Jobs that wait and whose time is over, the longest first: publish their end, then apply `expire`.
    public func expired(at now: Int64, limit: Int = 100) async throws(StoreError) -> [JobID] {
        try await read("find expired jobs") { db in
            try String.fetchAll(
                db, sql: """
                    SELECT id FROM jobs INDEXED BY jobs_expiring
                    WHERE expires <= ? AND expires IS NOT NULL AND state IN ('queued', 'held') ORDER BY expires LIMIT ?
                    """,
                arguments: [now, limit]).compactMap { JobID($0) }
        }
    }

    /// Takes a job that waits and whose time is over out of the scheduler's reach.
    /// - Returns: `false` where it is none any more.
    public func holdExpired(_ id: JobID, at now: Int64) async throws(StoreError) -> Bool {
        try await write("hold expired job '\(id)'") { db in
            try db.execute(
                sql: "UPDATE jobs SET state = 'held' WHERE id = ? AND expires <= ? AND state IN ('queued', 'held')", arguments: [id.rawValue, now])
            return db.changesCount == 1
        }
    }

    /// Forgets final jobs with their answers and attempts; others are left alone.
    public func forget(_ ids: [JobID]) async throws(StoreError) {
        try await write("forget jobs") { db in
            let statement = try db.cachedStatement(
                sql: "DELETE FROM jobs WHERE id = ? AND state NOT IN ('queued', 'held', 'running')")
            for id in ids { try statement.execute(arguments: [id.rawValue]) }
        }
    }
}

extension Database {
    /// The best queued job of the submitter who is next. Index only: its cost grows with the number of submitters, not of jobs.
    fileprivate func next(_ task: Manifest.Task, _ served: Set<UInt32>, _ now: Int64) throws -> (JobID, UInt32)? {
        let sql = """
            SELECT shares.uid AS uid, (
                SELECT serial FROM jobs WHERE state = 'queued' AND uid = shares.uid AND task = :task AND (expires IS NULL OR expires > :now)
                ORDER BY rank, serial LIMIT 1
            ) AS best
            FROM shares WHERE best IS NOT NULL \(served.isEmpty ? "" : "AND uid NOT IN (\(served.map(String.init).joined(separator: ", ")))")
            ORDER BY \(task == .train ? "(SELECT value FROM facts WHERE name = 'trained ' || shares.uid), " : "")used, uid LIMIT 1
            """
        guard let row = try Row.fetchOne(served.isEmpty ? cachedStatement(sql: sql) : makeStatement(sql: sql), arguments: ["task": task.rawValue, "now": now]),
            let id = try String.fetchOne(self, sql: "SELECT id FROM jobs WHERE serial = ?", arguments: [row["best"] as Int64])
        else { return nil }
        return (JobID(id)!, row["uid"])
    }

    /// Counts `queries` as had by `uid`. Who was away begins at where the others are, not at what he had long ago.
    fileprivate func charge(_ uid: UInt32, queries: Int) throws {
        let floor = try Int64.fetchOne(self, sql: "SELECT value FROM facts WHERE name = 'share floor'") ?? 0
        let used = try Int64.fetchOne(self, sql: "SELECT used FROM shares WHERE uid = ?", arguments: [uid]) ?? 0
        let start = max(used, floor)
        try execute(sql: "UPDATE shares SET used = ? WHERE uid = ?", arguments: [start + Int64(queries), uid])
        try execute(sql: "INSERT OR REPLACE INTO facts VALUES ('share floor', ?)", arguments: [start])
    }

    fileprivate func insert(_ job: NewJob, as state: JobState, ageing: Int64, finished: Int64?, failure: Failure?) throws -> Bool {
        // Somebody removed the directory of an earlier job of this name by hand: its row is not this job's.
        try cachedStatement(sql: "DELETE FROM jobs WHERE id = ? AND created <> ? AND state NOT IN ('queued', 'held', 'running')")
            .execute(arguments: [job.id.rawValue, job.created])
        try cachedStatement(sql: """
            INSERT INTO jobs (id, name, uid, state, priority, rank, created, expires, finished, queries, bytes, failure, task)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
            """)
            .execute(arguments: [
                job.id.rawValue, job.name, job.uid, state.rawValue, job.priority, job.created - Int64(job.priority) * ageing, job.created,
                job.expires, finished, job.queries, job.bytes, try failure.map(jsonText), job.task.rawValue,
            ])
        guard changesCount == 1 else { return false }
        try cachedStatement(sql: "INSERT OR IGNORE INTO shares VALUES (?, 0)").execute(arguments: [job.uid])
        try note(state == .queued ? "accept" : "refuse", job.id, uid: job.uid, actor: "lcld", at: finished ?? job.created, detail: failure?.message)
        return true
    }

    fileprivate func settle(_ id: JobID, as state: JobState, at now: Int64, failure: Failure?) throws {
        let job = try job(id)
        try execute(
            sql: "UPDATE jobs SET state = ?, finished = coalesce(finished, ?), failure = ? WHERE id = ?",
            arguments: [state.rawValue, now, try failure.map(jsonText), id.rawValue])
        try note("recover", id, uid: job.uid, actor: "lcld", at: now, detail: "\(job.state.rawValue) is \(state.rawValue)")
    }

    func apply(
        _ event: JobEvent, to id: JobID, actor: String, at now: Int64, failure: Failure?, detail: String?
    ) throws -> StoredJob {
        var job = try job(id)
        guard let state = job.state.applying(event) else { throw StoreError.illegal(job: id, state: job.state, event: event) }
        let wasRunning = job.state == .running
        if wasRunning {
            try execute(
                sql: "UPDATE attempts SET ended = ?, outcome = ?, detail = ? WHERE job = ? AND ended IS NULL",
                arguments: [now, event.rawValue, detail ?? failure?.message, job.serial])
        }
        job.state = state
        job.finished = state.isFinal ? now : nil
        job.failure = failure
        switch event {
        case .start:
            job.attempts += 1
            job.started = now
            job.expires = nil
            try execute(sql: "INSERT INTO attempts (job, started) VALUES (?, ?)", arguments: [job.serial, now])
        case .requeue: job.attempts -= 1
        case .hold where wasRunning: job.attempts -= 1
        case .retry:
            job.attempts = 0
            job.expires = nil
            try execute(sql: "DELETE FROM verdicts WHERE job = ? AND failed", arguments: [job.serial])
            job.answered -= job.failed
            job.failed = 0
        default: break
        }
        try cachedStatement(sql: """
            UPDATE jobs SET state = ?, started = ?, finished = ?, expires = ?, attempts = ?, answered = ?, failed = ?, failure = ? WHERE serial = ?
            """)
            .execute(arguments: [
                state.rawValue, job.started, job.finished, job.expires, job.attempts, job.answered, job.failed, try failure.map(jsonText), job.serial,
            ])
        try note(event.rawValue, id, uid: job.uid, actor: actor, at: now, detail: detail ?? failure?.message)
        return job
    }
}
