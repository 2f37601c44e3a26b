// SPDX-License-Identifier: Apache-2.0
import LCLControl
import LCLJob
import LCLWorker
import Logging

/// Handing out work: which job is claimed, which worker gets how much of which.
extension Scheduler {
    /// Jobs that only wait for the disk may be so many more than there are workers: their flushes then share the disk's work.
    private static let publishing = 16

    func dispatch() {
        guard !stopping else { return }
        var passed: Set<JobID> = []
        while let job = mostEntitled(except: passed) {
            if let worker = pool.worker(for: active[job]!.claim.uid, now: Self.clock.now) { give(job, to: worker) } else { passed.insert(job) }
        }
        claimIfUseful()
    }

    /// Of the runs with open queries: the highest priority, then the fewest workers, then the oldest.
    private func mostEntitled(except passed: Set<JobID>) -> JobID? {
        active.filter { $0.value.run.open > 0 && !passed.contains($0.key) }.min { a, b in
            let (x, y) = (a.value, b.value)
            return (-x.claim.priority, x.run.workers.count, x.number) < (-y.claim.priority, y.run.workers.count, y.number)
        }?.key
    }

    private func give(_ job: JobID, to worker: JobRun.WorkerID) {
        let size = pacer.size(open: active[job]!.run.open, workers: pool.terms.count)
        guard let assignment = active[job]!.run.assign(to: worker, size: size) else { preconditionFailure("a run with open queries has some to give") }
        let entry = active[job]!
        let queries = assignment.ordinals.map { Numbered(ordinal: $0, value: entry.run.query($0)) }
        let slice = WorkerRequest.Slice(
            job: job, run: entry.number, manifest: entry.run.manifest, queries: queries, batch: assignment.batch)
        pool.assign(
            .slice(slice), of: job, by: entry.claim.uid, pictures: entry.claim.directory, queries: queries.count, to: worker, now: Self.clock.now)
    }

    /// Keeps one job ahead of the workers, so that none waits for the database; no more, so that priorities count.
    private func claimIfUseful() {
        let underWay = active.values.count { !$0.ended }, waiting = active.values.contains { $0.run.open > 0 }
        guard mode == .running, !stopping, gauge.isOpen, !waiting || underWay < pool.terms.count, underWay <= pool.terms.count,
            active.count <= pool.terms.count + Self.publishing
        else { return }
        guard !claiming else { return claimAgain = true }
        claiming = true
        claimAgain = false
        Task {
            let claim = await ledger.claimNext()
            claimed(claim)
        }
    }

    func claimed(_ claim: Ledger.Claim?) {
        claiming = false
        if let claim { begin(claim) }
        // Asked for again only where there was something: else the next wake does it.
        if claim != nil || claimAgain { dispatch() }
        endIfStopped()
    }

    private func begin(_ claim: Ledger.Claim) {
        nextRun += 1
        let run = JobRun(manifest: claim.manifest, unanswered: claim.unanswered, known: claim.known, gently: gently.contains(claim.job))
        active[claim.job] = ActiveRun(run: run, claim: claim, number: nextRun, failed: claim.failed)
        logger.info("job started", metadata: ["job": "\(claim.job)", "queries": "\(claim.queries)", "attempt": "\(claim.attempt)"])
        send(claim.job, .running)
        if stopping || mode != .running { perform(active[claim.job]!.run.stop(.requeue), of: claim.job) }
    }
}
