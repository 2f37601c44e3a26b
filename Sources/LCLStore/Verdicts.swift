// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import LCLJob

/// Checkpoints: what a job has learned so far.
extension JobStore {
    /// Keeps verdicts by ordinal, and `linked`, what they were given by, in one transaction. The first verdict of a query stands: a job that runs twice answers twice
    /// the same. What was kept first of `linked` stands too, until ``forgetVerdicts(of:)``. A new verdict forgives earlier attempts (``forgiveAttempts(of:)``),
    /// but not that a picture crashed its workers: a job of nothing but poison must end.
    /// - Returns: the job with its new counts.
    /// - Throws: ``StoreError/unknownJob(_:)``.
    @discardableResult
    public func record(_ verdicts: [Int: Verdict], by linked: (some Encodable & Sendable)? = String?.none, of id: JobID) async throws(StoreError) -> StoredJob {
        try await write("record verdicts of job '\(id)'") { db in
            var job = try db.job(id)
            let insert = try db.cachedStatement(sql: "INSERT OR IGNORE INTO verdicts VALUES (?, ?, ?, ?)")
            for (ordinal, verdict) in verdicts.sorted(by: { $0.key < $1.key }) {
                precondition((0..<job.queries).contains(ordinal), "a verdict on a query of the job")
                try insert.execute(arguments: [job.serial, ordinal, verdict.error != nil, try jsonText(verdict)])
                guard db.changesCount == 1 else { continue }
                job.answered += 1
                job.failed += verdict.error == nil ? 0 : 1
                if verdict.error?.code != .imageCrashed { job.attempts = min(job.attempts, 1) }
            }
            try db.execute(
                sql: "UPDATE jobs SET answered = ?, failed = ?, attempts = ?, support = coalesce(support, ?) WHERE serial = ?",
                arguments: [job.answered, job.failed, job.attempts, try linked.map { try jsonText($0) }, job.serial])
            return job
        }
    }

    /// Something was kept of this attempt, so that those before it were not for nothing: it counts as the first.
    public func forgiveAttempts(of id: JobID) async throws(StoreError) {
        try await write("forgive attempts of job '\(id)'") { db in
            try db.execute(sql: "UPDATE jobs SET attempts = min(attempts, 1) WHERE id = ?", arguments: [id.rawValue])
        }
    }

    /// Forgets every verdict, and what they were given by: the job starts over.
    public func forgetVerdicts(of id: JobID) async throws(StoreError) {
        try await write("forget verdicts of job '\(id)'") { db in
            let job = try db.job(id)
            try db.execute(sql: "DELETE FROM verdicts WHERE job = ?", arguments: [job.serial])
            try db.execute(sql: "UPDATE jobs SET answered = 0, failed = 0, support = NULL WHERE serial = ?", arguments: [job.serial])
        }
    }

    /// At most `limit` verdicts with ordinals from `first` on, in order.
    public func verdicts(of id: JobID, from first: Int = 0, limit: Int = 1000) async throws(StoreError) -> [(ordinal: Int, verdict: Verdict)] {
        try await read("read verdicts of job '\(id)'") { db in
            let job = try db.job(id)
            let rows = try Row.fetchAll(
                db, sql: "SELECT ordinal, verdict FROM verdicts WHERE job = ? AND ordinal >= ? ORDER BY ordinal LIMIT ?",
                arguments: [job.serial, first, limit])
            return try rows.map { ($0["ordinal"], try CanonicalJSON.decode(Verdict.self, from: Data(($0["verdict"] as String).utf8))) }
        }
    }

    /// The ordinals without a verdict, in order.
    public func unanswered(of id: JobID) async throws(StoreError) -> [Int] {
        try await read("find open queries of job '\(id)'") { db in
            let job = try db.job(id)
            var isOpen = [Bool](repeating: true, count: job.queries)
            let rows = try Int.fetchCursor(db, sql: "SELECT ordinal FROM verdicts WHERE job = ?", arguments: [job.serial])
            while let ordinal = try rows.next() { isOpen[ordinal] = false }
            return isOpen.indices.filter { isOpen[$0] }
        }
    }

    /// The ordinals whose verdict is an error, in order.
    public func failedOrdinals(of id: JobID) async throws(StoreError) -> [Int] {
        try await read("find failed queries of job '\(id)'") { db in
            try Int.fetchAll(db, sql: "SELECT ordinal FROM verdicts WHERE job = ? AND failed ORDER BY ordinal", arguments: [db.job(id).serial])
        }
    }

    /// What the job's verdicts were given by, or `nil` where it has none yet.
    public func linked<Linked: Decodable & Sendable>(_ type: Linked.Type, of id: JobID) async throws(StoreError) -> Linked? {
        try await read("read what job '\(id)' was answered by") { db in
            try String.fetchOne(db, sql: "SELECT support FROM jobs WHERE id = ?", arguments: [id.rawValue])
                .map { try CanonicalJSON.decode(Linked.self, from: Data($0.utf8)) }
        }
    }
}
