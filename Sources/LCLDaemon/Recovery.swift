// SPDX-License-Identifier: Apache-2.0
import LCLJob
import LCLSpool
import LCLStore
import Logging

/// What the daemon does before anything else: ends what a crash cut short, and makes the rows follow the directories.
struct Recovery {
    let spool: Spool
    let store: JobStore
    let ledger: Ledger
    let attempts: Int
    let logger: Logger

    /// - Returns: jobs that have no row, since the store could not be told: ``insertLeft(_:)``.
    func run() async throws -> [JobID] {
        var left: [JobID] = []
        for trouble in try spool.recover() { logger.error("the spool needs a look", metadata: ["error": "\(trouble)"]) }
        let places = try spool.survey(), states = try await store.states(), patience = ContinuousClock.now + Self.patience
        for id in Set(places.keys).union(states.keys).sorted() {
            guard let repair = RowRepair.of(place: places[id], row: states[id]) else { continue }
            logger.notice("recovering a job", metadata: ["job": "\(id)", "repair": "\(repair)"])
            do { try await apply(repair, to: id, in: places[id], until: patience) } catch {
                logger.error("unable to recover a job", metadata: ["job": "\(id)", "error": "\(error)"])
                if repair == .insert { left.append(id) }
            }
        }
        return left
    }

    /// Tells the store of them as soon as it can be told.
    func insertLeft(_ jobs: [JobID], accepted: () async -> Void) async {
        var left = jobs
        while !left.isEmpty {
            try? await Task.sleep(for: .seconds(10))
            guard !Task.isCancelled else { return }
            for id in left {
                do {
                    // Unless intake has met it meanwhile, by its claim.
                    if try spool.place(of: id) == .active, try await isUnknown(id) { try await apply(.insert, to: id, in: .active) }
                    logger.notice("recovered a job", metadata: ["job": "\(id)"])
                    await accepted()
                } catch {
                    ledger.take(error)
                    // A job that is damaged is no job that waits.
                    guard (error as? SpoolError)?.isDamage == true else { continue }
                }
                left.removeAll { $0 == id }
            }
        }
    }

    private func isUnknown(_ id: JobID) async throws -> Bool {
        do { return try await hasRowOfAnother(id) } catch StoreError.unknownJob { return true }
    }

    /// An earlier job of this name, whose directory somebody took away, left its row. Where the record is damaged, nobody can tell.
    private func hasRowOfAnother(_ id: JobID) async throws -> Bool {
        let created = try await store.job(id).created
        return (try? IntakeRecord.read(spool.directory(.active, id))).map { $0.accepted != created } ?? false
    }

    /// For how long the store is asked again where it cannot be written, all repairs together.
    private static let patience = Duration.seconds(10), pause = Duration.milliseconds(200)

    private func apply(_ repair: RowRepair, to id: JobID, in place: Spool.Place?, until end: ContinuousClock.Instant) async throws {
        while true {
            do { return try await apply(repair, to: id, in: place) } catch let error as StoreError {
                guard .now < end else { throw error }
                ledger.take(error)
                try await Task.sleep(for: Self.pause)
            }
        }
    }

    private func apply(_ repair: RowRepair, to id: JobID, in place: Spool.Place?) async throws {
        switch repair {
        case .insert:
            try await store.forget([id])
            try await store.insert([NewJob(try spool.accepted(id))])
        case .requeue: try await requeue(id)
        case .finish, .fail: try await ledger.settle(id, in: place!)
        case .adopt: try await adopt(id, in: place!)
        case .retry where try await hasRowOfAnother(id): try await apply(.insert, to: id, in: place)
        case .retry: try await store.apply(.retry, to: id, actor: "lcld", at: .now())
        case .lost:
            let failure = Failure(.internal, "the directory of job \(id) is gone from the spool; submit the job again")
            try await store.settle(id, as: .failed, at: .now(), failure: failure)
        case .forget: try await store.forget([id])
        }
    }

    /// The daemon ended while the job ran: the attempt counts, since nobody knows whether the job was why.
    private func requeue(_ id: JobID) async throws {
        if try await store.job(id).attempts < attempts {
            try await store.apply(.crash, to: id, actor: "lcld", at: .now(), detail: "lcld ended while the job ran")
        } else {
            let why = Failure(.jobAttempts, "lcld or its workers ended in \(attempts) attempts in a row; `lclctl retry \(id)` tries again")
            // Where the disk is full, it is put back like any other that nobody runs.
            await ledger.fail(id, .exhaust, [why], once: true)
        }
    }

    private func adopt(_ id: JobID, in place: Spool.Place) async throws {
        let finished = try spool.finished(id, in: place)
        if place == .done {
            try await store.settleDone(id, failed: try spool.failedCount(id), at: finished, inserting: NewJob(try spool.accepted(id)))
        } else {
            let report = try spool.errorReport(id), record = try IntakeRecord.read(spool.directory(place, id))
            let job = (try? NewJob(spool.accepted(id))) ?? NewJob(id: id, uid: record.submitter, created: record.accepted, queries: 0)
            try await store.insert(job, as: report.state, finished: finished, failure: report.problems.first)
        }
    }
}
