// SPDX-License-Identifier: Apache-2.0
import GRDB
import LCLJob

/// The end of a job whose result is published: the result has every answer, so the rows of its verdicts go.
extension JobStore {
    /// Makes a running job `done`, in one transaction.
    /// - Parameter failed: queries that were answered with an error.
    @discardableResult
    public func finish(_ id: JobID, failed: Int, at now: Int64) async throws(StoreError) -> StoredJob {
        try await write("finish job '\(id)'") { db in
            let job = try db.apply(.finish, to: id, actor: "lcld", at: now, failure: nil, detail: nil)
            try db.complete(job, failed: failed)
            return try db.job(id)
        }
    }
}

extension Database {
    func complete(_ job: StoredJob, failed: Int) throws {
        if job.answered > 0 { try cachedStatement(sql: "DELETE FROM verdicts WHERE job = ?").execute(arguments: [job.serial]) }
        try cachedStatement(sql: "UPDATE jobs SET answered = queries, failed = ? WHERE serial = ?").execute(arguments: [failed, job.serial])
    }
}
