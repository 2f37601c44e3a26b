// SPDX-License-Identifier: Apache-2.0
import LCLJob
import LCLSpool
import LCLStore

/// What was taken in and has no row yet: its directory is there, and the store is told with every look until it listens.
struct IntakeBacklog {
    var accepted: [AcceptedJob] = []
    var refused: [Intake.RefusedJob] = []

    var queries: Int { accepted.reduce(0) { $0 + $1.queries.count } }

    var isEmpty: Bool { accepted.isEmpty && refused.isEmpty }

    /// All in one transaction: it costs one flush.
    /// - Returns: the jobs that have their rows now.
    mutating func insertAccepted(into store: JobStore) async throws(StoreError) -> [AcceptedJob] {
        try await store.insert(accepted.map { NewJob($0) })
        defer { accepted = [] }
        return accepted
    }

    /// - Returns: the jobs that have their rows now.
    mutating func insertRefused(into store: JobStore) async throws(StoreError) -> [Intake.RefusedJob] {
        var told: [Intake.RefusedJob] = []
        while let job = refused.first {
            try await store.insert(NewJob(job), as: .failed, finished: .now(), failure: job.problems.problems.first)
            told.append(refused.removeFirst())
        }
        return told
    }
}
