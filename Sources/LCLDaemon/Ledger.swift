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
    let store: JobStore
    let spool: Spool
    let disk: DiskQueue
    /// Crashes that a job is allowed.
    let attempts: Live<Int>
    let gauge: DiskGauge
    let depot: ModelDepot
    let logger: Logger
    /// Of what takes several steps with a job that does not run: actions, and its expiry.
    let turns = Turns<JobID>()
    /// The daemon's time is over: what does not succeed now is recovery's.
    private let isClosed = Live(false)

    /// Ends all waiting for better times.
    func close() { isClosed.value = true }

    /// The machine was at fault until the daemon's time was over, or the job's directory was taken away meanwhile.
    struct Abandoned: Error {}

    /// The answers cannot be published, and trying again will not mend that.
    private struct Unpublishable: Error {
        var reason: String
    }

    private static let pause = Duration.seconds(2)

    // MARK: Checkpoints

    func checkpoint(_ job: JobID, _ verdicts: [Verdict.AtOrdinal], by linked: Linked?) async {
        guard (try? await keepFeatures(of: verdicts, job)) != nil else { return }
        let byOrdinal = Dictionary(verdicts.map { ($0.ordinal, $0.verdict) }, uniquingKeysWith: { first, _ in first })
        try? await insist("checkpoint", job) { try await store.record(byOrdinal, by: linked, of: job) }
        Fault.afterCheckpoint.reach()
    }

    // MARK: Endings

    /// - Parameter last: answers that are no rows yet, of a run that is complete.
    /// - Returns: the state that the job is in now; `nil` where the daemon's time was over first.
    func conclude(_ claim: Claim, _ ending: JobRun.Ending, last: [Verdict.AtOrdinal]) async -> JobState? {
        switch ending {
        case .complete(let linked): return try? await publish(claim, linked, last)
        case .failed(let failure): return await fail(claim.job, .fail, [failure])
        case .crashed(let evidence):
            let detail = evidence.joined(separator: "; ")
            var attempt = claim.attempt
            guard (try? await insist("count attempts", claim.job) { attempt = try await store.job(claim.job).attempts }) != nil else { return nil }
            if attempt < attempts.value { return try? await apply(.crash, claim.job, detail: detail) }
            let why = Failure(
                .jobAttempts, "its workers died in \(attempt) attempts in a row: \(detail); `lclctl retry \(claim.job)` tries again", subject: nil)
            return await fail(claim.job, .exhaust, [why])
        case .trained(let linked, let report, let link): return await publish(claim, linked, report, link: link)
        case .modelChanged:
            await startOver(claim.job)
            return try? await apply(.requeue, claim.job, detail: "the model was replaced since its first answer; it starts over")
        case .stopped(.requeue): return try? await apply(.requeue, claim.job, detail: nil)
        case .stopped(.hold): return try? await apply(.hold, claim.job, detail: nil)
        case .stopped(.cancel):
            return await fail(claim.job, .cancel, [Failure(.jobCancelled, "cancelled while it ran; `lclctl retry \(claim.job)` runs it again")])
        }
    }

    private func publish(_ claim: Claim, _ linked: Linked, _ last: [Verdict.AtOrdinal]) async throws(Abandoned) -> JobState {
        try await publish(claim) {
            let result = JobResult(
                job: claim.job, manifest: claim.manifest, linked: linked, verdicts: try await verdicts(of: claim, last),
                expected: claim.manifest.work.map(\.expected))
            return (try result.encoded(), result.counts.failed)
        }
    }

    /// S4 to S6. Recovery finishes what is cut short between any two of these lines.
    /// - Parameter result: makes the result's bytes, and says how many queries failed.
    func publish(_ claim: Claim, _ result: () async throws -> (Data, failed: Int)) async throws(Abandoned) -> JobState {
        var failed = 0, broken: String?
        try await insist("publish", claim.job) {
            let bytes: Data
            do { (bytes, failed) = try await result() } catch let error as EncodingError {
                return broken = "\(error)"
            } catch let error as Unpublishable {
                return broken = error.reason
            }
            let timings = try Timings(started: claim.started, finished: .now(), queries: claim.queries, attempt: claim.attempt).encoded()
            Fault.beforePublish.reach()
            let place = try await disk { [spool] in
                let place = try spool.place(of: claim.job)
                // Where an earlier try of this very loop was cut short after the rename, there is nothing left to move.
                if place == .active { try spool.publish(claim.job, result: bytes, timings: timings) }
                return place
            }
            if place == nil { return broken = "the job's directory is gone from the spool; submit it again" }
            Fault.afterPublishRename.reach()
        }
        if let broken { return await fail(claim.job, .fail, [Failure(.internal, "the answers cannot be published: \(broken)")]) ?? .failed }
        var state = JobState.done
        try await insist("mark", claim.job) {
            if let place = try await disk({ [spool] in try spool.place(of: claim.job) }), place != .done {
                state = .failed
                try await settle(claim.job, in: place)
            } else {
                try await store.finish(claim.job, failed: failed, at: .now())
            }
        }
        return state
    }

    /// Removes what a job that is done has no need of any more; where that fails, the next start does it.
    func tidy(_ job: JobID) async {
        do { try await disk { [spool] in try spool.removePictures(of: job) } } catch {
            logger.error("unable to remove a job's pictures", metadata: ["job": "\(job)", "error": "\(error)"])
        }
    }

    /// Every verdict, in order: the rows, and the last ones. Of two on one query the row stands.
    private func verdicts(of claim: Claim, _ last: [Verdict.AtOrdinal]) async throws -> [Verdict] {
        var all = [Verdict?](repeating: nil, count: claim.queries), next = 0
        for (ordinal, verdict) in last.map({ ($0.ordinal, $0.verdict) }) { all[ordinal] = verdict }
        while next < claim.queries, case let page = try await store.verdicts(of: claim.job, from: next), let end = page.last?.ordinal {
            for (ordinal, verdict) in page { all[ordinal] = verdict }
            next = end + 1
        }
        return try all.enumerated().map { ordinal, verdict in
            guard let verdict else { throw Unpublishable(reason: "the answer to query \(ordinal) is gone; submit the job again") }
            return verdict
        }
    }

    /// Ends a job without a result: the report first, then the row.
    /// - Parameter once: whether it is tried once only, since the caller comes again.
    /// - Returns: the state after `event`; `nil` where the daemon's time was over first, or the one try failed.
    @discardableResult
    func fail(_ job: JobID, _ event: JobEvent, _ problems: [Failure], actor: String = "lcld", once: Bool = false) async -> JobState? {
        let state: JobState = switch event {
        case .cancel: .cancelled
        case .expire: .expired
        case .exhaust: .dead
        default: .failed
        }
        do throws(Abandoned) {
            try await insist("report", job, once: once) {
                try await disk { [spool] in
                    if try spool.place(of: job) == .active { try spool.fail(ErrorReport(job: job, state: state, problems: problems)) }
                }
            }
            return try await apply(event, job, failure: problems.first, actor: actor, once: once)
        } catch {
            return nil
        }
    }

    func apply(
        _ event: JobEvent, _ job: JobID, detail: String? = nil, failure: Failure? = nil, actor: String = "lcld", once: Bool = false
    ) async throws(Abandoned) -> JobState {
        var state = JobState.failed
        try await insist("mark", job, once: once) {
            state = try await store.apply(event, to: job, actor: actor, at: .now(), failure: failure, detail: detail).state
        }
        return state
    }

    /// Does it, however often it takes; a store that says "no such job" or "not in this state" will not change its mind.
    /// - Throws: where it did not succeed before the daemon's time was over.
    func insist(_ what: String, _ job: JobID, once: Bool = false, _ work: () async throws -> Void) async throws(Abandoned) {
        while true {
            do {
                return try await work()
            } catch StoreError.unknownJob, StoreError.illegal {
                logger.error("the store refuses", metadata: ["job": "\(job)", "step": "\(what)"])
                return
            } catch {
                if (error as? SpoolError)?.isVanished == true, let place = try? await disk({ [spool] in try spool.place(of: job) }), place != .active {
                    logger.error("a job was taken away in the middle of its work", metadata: ["job": "\(job)", "step": "\(what)", "place": "\(place)"])
                    throw Abandoned()
                }
                take(error)
                logger.error("unable to go on for now", metadata: ["job": "\(job)", "step": "\(what)", "error": "\(error)"])
                if once { throw Abandoned() }
                try? await Task.sleep(for: Self.pause)
                if isClosed.value || Task.isCancelled { throw Abandoned() }
            }
        }
    }

    /// What a failure means beyond the step that met it: a full disk holds all work; a damaged database ends the daemon, whose next start
    /// rebuilds it.
    func take(_ error: any Error) {
        gauge.notice(error)
        guard let error = error as? StoreError, case .damaged = error else { return }
        store.distrust()
        logger.critical("lcld ends, its next start rebuilds the database", metadata: ["error": "\(error)"])
        exit(EXIT_FAILURE)
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
