// SPDX-License-Identifier: Apache-2.0
import GRDB
import LCLJob

/// What the daemon asks and does by the clock.
extension JobStore {
    /// The wall clock was set by `jump` milliseconds: the times by which waiting jobs expire, and their order against new ones, move with it,
    /// so that each still waits as long as it was to.
    public func shift(by jump: Int64) async throws(StoreError) {
        try await write("follow the clock") {
            try $0.execute(
                sql: "UPDATE jobs SET expires = expires + ?, rank = rank + ? WHERE state IN ('queued', 'held', 'running')", arguments: [jump, jump])
        }
    }

    /// What a submitter has under way: jobs that are not over, their picture bytes and queries.
    public func underWay(of uid: UInt32) async throws(StoreError) -> (jobs: Int, bytes: Int, queries: Int) {
        try await read("count what user \(uid) has under way") { db in
            let row = try Row.fetchOne(
                db, sql: """
                    SELECT count(*) AS jobs, coalesce(sum(bytes), 0) AS bytes, coalesce(sum(queries), 0) AS queries
                    FROM jobs WHERE uid = ? AND state IN ('queued', 'held', 'running')
                    """,
                arguments: [uid])!
            return (row["jobs"], row["bytes"], row["queries"])
        }
    }

    /// Whose every job is that is over.
    public func submittersOfFinished() async throws(StoreError) -> [JobID: UInt32] {
        try await read("read whose the finished jobs are") { db in
            var submitters: [JobID: UInt32] = [:]
            let rows = try Row.fetchCursor(db, sql: "SELECT id, uid FROM jobs WHERE state NOT IN ('queued', 'held', 'running')")
            while let row = try rows.next() {
                if let id = JobID(row["id"] as String) { submitters[id] = row["uid"] }
            }
            return submitters
        }
    }

    /// Brings the write-ahead log into the file and cuts it to nothing; a reader that holds it up leaves that to the next time.
    public func foldLog() async throws(StoreError) {
        try await unsafeWrite("fold the log") { _ = try? $0.checkpoint(.truncate) }
    }
}
