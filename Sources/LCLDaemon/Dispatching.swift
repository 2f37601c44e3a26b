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

    /// Of the runs with open queries: the highest priority, then the fewest workers, then the oldest; a training only where there is none.
    private func mostEntitled(except passed: Set<JobID>) -> JobID? {
        let open = active.filter { $0.value.run.open > 0 && !passed.contains($0.key) }, training = open.first { $0.value.run.isTraining }?.key
        return open.filter { !$0.value.run.isTraining }.min { a, b in
            let (x, y) = (a.value, b.value)
            return (-x.claim.priority, x.run.workers.count, x.number) < (-y.claim.priority, y.run.workers.count, y.number)
        }?.key ?? (mayTrain ? training : nil)
    }

    /// Whether a training may have one more worker: nothing else is queued, and of several workers one stays free for what comes.
    private var mayTrain: Bool {
        let trainers = active.values.reduce(0) { $0 + ($1.run.isTraining ? $1.run.workers.count : 0) }
        return isCalm && mode == .running && trainers < max(1, pool.terms.count - 1)
    }

    /// What a training's worker asked to be kept is on the disk: it goes on, unless another job waits for a worker.
    func kept(_ job: JobID, _ run: UInt64, _ worker: JobRun.WorkerID) {
        undecided.append((job, run, worker))
        decide()
    }

    private func decide() {
        // What is being claimed may be what waits.
        guard !claiming else { return }
        let othersWait = active.values.contains { !$0.run.isTraining && $0.run.open > 0 }
        for (job, run, worker) in undecided where active[job]?.number == run && active[job]!.run.kept(by: worker) {
            pool.tell(othersWait ? .pause : .proceed, to: worker, now: Self.clock.now)
        }
        undecided = []
    }

    /// The features of all of a training's pictures are on the disk.
    func settled(_ job: JobID, _ number: UInt64) {
        guard active[job]?.number == number else { return }
        active[job]!.run.settled()
        dispatch()
    }

    private func give(_ job: JobID, to worker: JobRun.WorkerID) {
        if active[job]!.run.isTraining { return train(job, worker) }
        let size = pacer.size(open: active[job]!.run.open, workers: pool.terms.count)
        guard let assignment = active[job]!.run.assign(to: worker, size: size) else { preconditionFailure("a run with open queries has some to give") }
        let entry = active[job]!
        let queries = assignment.ordinals.map { Numbered(ordinal: $0, value: entry.run.query($0)) }
        let slice = WorkerRequest.Slice(
            job: job, run: entry.number, manifest: entry.run.manifest, queries: queries, batch: assignment.batch)
        pool.assign(
            .slice(slice), of: job, by: entry.claim.uid, pictures: .init(entry.claim.directory), queries: queries.count, to: worker, now: Self.clock.now)
    }

    /// A slice of a training's pictures, or all of its learning.
    private func train(_ job: JobID, _ worker: JobRun.WorkerID) {
        let size = trainingPacer.size(open: active[job]!.run.open, workers: pool.terms.count)
        guard let assignment = active[job]!.run.assign(to: worker, size: size) else { preconditionFailure("a run with open queries has some to give") }
        let entry = active[job]!, manifest = entry.run.manifest
        if entry.run.isFitting(worker) {
            let request = WorkerRequest.fit(.init(job: job, manifest: manifest, unusable: entry.run.unusable))
            return pool.assign(request, of: job, by: entry.claim.uid, pictures: entry.claim.training, queries: 0, to: worker, now: Self.clock.now)
        }
        let pictures = assignment.ordinals.map { Numbered(ordinal: $0, value: entry.run.query($0)) }
        let request = WorkerRequest.encode(.init(job: job, model: manifest.model, pictures: pictures, batch: assignment.batch))
        pool.assign(
            request, of: job, by: entry.claim.uid, pictures: .init(entry.claim.directory), queries: pictures.count, to: worker, now: Self.clock.now)
    }

    /// Keeps one job ahead of the workers, so that none waits for the database; no more, so that priorities count. A training waits
    /// until nothing else is queued, and takes no other job's place.
    private func claimIfUseful() {
        let runs = active.values.filter { !$0.run.isTraining }, trainings = active.count - runs.count
        let underWay = runs.count { !$0.ended }, waiting = runs.contains { $0.run.open > 0 }
        guard mode == .running, !stopping, gauge.isOpen, !waiting || underWay < pool.terms.count, underWay <= pool.terms.count,
            active.count <= pool.terms.count + Self.publishing, !isCalm || claimAgain
        else { return }
        guard !claiming else { return claimAgain = true }
        claiming = true
        claimAgain = false
        Task {
            let claim = await ledger.claimNext(trainings: trainings == 0)
            isCalm = claim.map { $0.manifest.task == .train } ?? true
            claimed(claim)
        }
    }

    func claimed(_ claim: Ledger.Claim?) {
        claiming = false
        if claimAgain { isCalm = false }
        if let claim { begin(claim) }
        decide()
        dispatch()
        endIfStopped()
    }

    private func begin(_ claim: Ledger.Claim) {
        nextRun += 1
        let run = JobRun(
            manifest: claim.manifest, unanswered: claim.unanswered, known: claim.known, gently: gently.contains(claim.job), unusable: claim.unusable)
        active[claim.job] = ActiveRun(run: run, claim: claim, number: nextRun, failed: claim.failed)
        logger.info("job started", metadata: ["job": "\(claim.job)", "queries": "\(claim.queries)", "attempt": "\(claim.attempt)"])
        send(claim.job, .running)
        if stopping || mode != .running { perform(active[claim.job]!.run.stop(.requeue), of: claim.job) }
    }
}
