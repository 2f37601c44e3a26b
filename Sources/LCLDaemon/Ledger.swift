// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLSpool
import LCLStore
import LCLWorker
import Logging

/// Makes durable what the scheduler decides: checkpoints, endings, in the order that recovery relies on (spool before row).
///
/// Where the machine is at fault (a full disk), it tries again until it succeeds or the daemon's time is over.
struct Ledger: Sendable {
    /// A job that the store has given to us, and what is known of it.
    struct Claim: Sendable {
        var job: JobID
        var uid: UInt32
        var priority: Int
        var attempt: Int
        var queries: Int
        var failed: Int
        var manifest: Manifest
        var unanswered: [Int]
        /// What the answers of earlier runs were given by.
        var known: Linked?
        var directory: String
        var started: Int64
    }

    let store: JobStore
    let spool: Spool
    let disk: DiskQueue
    /// Crashes that a job is allowed.
    let attempts: Live<Int>
    /// Once true, what cannot be done now is left to recovery at the next start.
    let isStopping = Live(false)
    let logger: Logger

    private static let pause = Duration.seconds(2)

    // MARK: Claiming

    /// The next job, marked and charged; `nil` where there is none, or the store cannot say for now.
    func claimNext() async -> Claim? {
        do {
            guard let job = try await store.claimNext(at: .now()) else { return nil }
            return await open(job)
        } catch {
            logger.error("unable to claim a job", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// What is known of a claimed job. Where its directory is damaged or gone, no attempt will mend that, and it fails; where
    /// the machine is at fault it goes back to the queue, with the attempt that the claim charged.
    private func open(_ job: StoredJob) async -> Claim? {
        do {
            let accepted = try await disk { [spool] in try spool.accepted(job.id) }
            return Claim(
                job: job.id, uid: job.uid, priority: job.priority, attempt: job.attempts, queries: job.queries, failed: job.failed,
                manifest: accepted.manifest, unanswered: try await store.unanswered(of: job.id),
                known: try await store.linked(Linked.self, of: job.id),
                directory: spool.directory(.active, job.id), started: .now())
        } catch {
            logger.error("unable to read a job", metadata: ["job": "\(job.id)", "error": "\(error)"])
            let spoolError = error as? SpoolError
            if spoolError?.isDamage == true {
                await fail(job.id, .fail, [Failure(.internal, "\(error)")])
            } else {
                _ = await apply(.requeue, job.id, detail: "\(error)")
                try? await Task.sleep(for: Self.pause)
            }
            return nil
        }
    }

    // MARK: Checkpoints

    func checkpoint(_ job: JobID, _ verdicts: [Verdict.AtOrdinal], by linked: Linked?) async {
        let byOrdinal = Dictionary(verdicts.map { ($0.ordinal, $0.verdict) }, uniquingKeysWith: { first, _ in first })
        await insist("checkpoint", job) { try await store.record(byOrdinal, by: linked, of: job) }
        Fault.afterCheckpoint.reach()
    }

    // MARK: Endings

    /// - Returns: the state that the job is in now.
    func conclude(_ claim: Claim, _ ending: JobRun.Ending) async -> JobState {
        switch ending {
        case .complete(let linked): return await publish(claim, linked)
        case .failed(let failure): return await fail(claim.job, .fail, [failure])
        case .crashed(let evidence):
            let detail = evidence.joined(separator: "; ")
            if claim.attempt < attempts.value { return await apply(.crash, claim.job, detail: detail) }
            let why = Failure(
                .jobAttempts, "its workers died in each of \(claim.attempt) attempts: \(detail); `lclctl retry \(claim.job)` tries again", subject: nil)
            return await fail(claim.job, .exhaust, [why])
        case .modelChanged:
            guard await insist("start over", claim.job, { try await store.forgetVerdicts(of: claim.job) }) else { return .running }
            return await apply(.requeue, claim.job, detail: "the model was replaced since its first answer; it starts over")
        case .stopped(.requeue): return await apply(.requeue, claim.job, detail: nil)
        case .stopped(.hold): return await apply(.hold, claim.job, detail: nil)
        case .stopped(.cancel):
            return await fail(claim.job, .cancel, [Failure(.jobCancelled, "cancelled while it ran; `lclctl retry \(claim.job)` runs it again")])
        }
    }

    /// S4 to S6. Recovery finishes what is cut short between any two of these lines.
    private func publish(_ claim: Claim, _ linked: Linked) async -> JobState {
        let isPublished = await insist("publish", claim.job) {
            guard case .list(let queries) = claim.manifest.queries else { preconditionFailure("queries are listed at intake") }
            let result = JobResult(
                job: claim.job, manifest: claim.manifest, linked: linked, verdicts: try await verdicts(of: claim),
                expected: queries.map(\.expected))
            let timings = try Timings(started: claim.started, finished: .now(), queries: claim.queries, attempt: claim.attempt).encoded()
            let bytes = try result.encoded()
            Fault.beforePublish.reach()
            try await disk { [spool] in
                // Where an earlier try of this very loop was cut short after the rename, there is nothing left to move.
                if spool.place(of: claim.job) == .active { try spool.publish(claim.job, result: bytes, timings: timings) }
            }
            Fault.afterPublishRename.reach()
        }
        guard isPublished else { return .running }
        return await apply(.finish, claim.job, detail: nil)
    }

    private func verdicts(of claim: Claim) async throws -> [Verdict] {
        var all: [Verdict] = []
        all.reserveCapacity(claim.queries)
        while all.count < claim.queries {
            let page = try await store.verdicts(of: claim.job, from: all.count)
            guard page.first?.ordinal == all.count, page.last!.ordinal == all.count + page.count - 1 else {
                preconditionFailure("a complete run has every verdict")
            }
            all += page.map(\.verdict)
        }
        return all
    }

    /// Ends a job without a result: the report first, then the row.
    /// - Returns: the state after `event`.
    @discardableResult
    func fail(_ job: JobID, _ event: JobEvent, _ problems: [Failure], actor: String = "lcld") async -> JobState {
        let state: JobState = switch event {
        case .cancel: .cancelled
        case .expire: .expired
        case .exhaust: .dead
        default: .failed
        }
        let isReported = await insist("report", job) {
            try await disk { [spool] in
                if spool.place(of: job) == .active { try spool.fail(ErrorReport(job: job, state: state, problems: problems)) }
            }
        }
        guard isReported else { return .running }
        return await apply(event, job, failure: problems.first, actor: actor)
    }

    private func apply(
        _ event: JobEvent, _ job: JobID, detail: String? = nil, failure: Failure? = nil, actor: String = "lcld"
    ) async -> JobState {
        var state = JobState.failed
        await insist("mark", job) {
            state = try await store.apply(event, to: job, actor: actor, at: .now(), failure: failure, detail: detail).state
        }
        return state
    }

    /// Does it, however often it takes; a store that says "no such job" or "not in this state" will not change its mind.
    /// - Returns: whether it is done; where the daemon stops meanwhile, the next start does the rest.
    @discardableResult
    private func insist(_ what: String, _ job: JobID, _ work: () async throws -> Void) async -> Bool {
        while true {
            do {
                try await work()
                return true
            } catch StoreError.unknownJob, StoreError.illegal {
                logger.error("the store refuses", metadata: ["job": "\(job)", "step": "\(what)"])
                return false
            } catch {
                logger.error("unable to go on for now", metadata: ["job": "\(job)", "step": "\(what)", "error": "\(error)"])
                guard !isStopping.value else { return false }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}

extension Int64 {
    /// Milliseconds since 1970 UTC: how the store and the spool count time.
    static func now() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}

extension Date {
    init(milliseconds: Int64) { self.init(timeIntervalSince1970: Double(milliseconds) / 1000) }
}

/// `timings.json`: when the job's last run was, beside the result that must not know. Milliseconds since 1970 UTC.
struct Timings: Codable {
    var started: Int64
    var finished: Int64
    var queries: Int
    var attempt: Int

    func encoded() throws -> Data { try CanonicalJSON.encode(self, pretty: true) }
}
