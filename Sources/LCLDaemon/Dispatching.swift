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

    /// Of the runs with open queries: those of the user with the fewest workers, then of the one who was served least; of his the highest
    /// priority, then the fewest workers, then the oldest. A training only where there is none.
    private func mostEntitled(except passed: Set<JobID>) -> JobID? {
        let open = active.filter { $0.value.run.open > 0 && !passed.contains($0.key) }, training = open.first { $0.value.run.isTraining }?.key
        var workers: [UInt32: Int] = [:]
        for entry in active.values where !entry.run.isTraining { workers[entry.claim.uid, default: 0] += entry.run.workers.count }
        // Whose worker rests here has his turn first: another's means a fresh worker, which reads its model and supports anew.
        var owed: [UInt32: Double] = [:]
        for entry in open.values {
            let turn = pool.rests(for: entry.claim.uid) ? max(Self.turn, 4 * entry.linkTime) : 0
            owed[entry.claim.uid] = max(owed[entry.claim.uid] ?? 0, turn)
        }
        func rank(_ entry: ActiveRun) -> (Int, Double, Int, Int, UInt64) {
            let uid = entry.claim.uid
            return (workers[uid, default: 0], served[uid, default: 0] - owed[uid]!, -entry.claim.priority, entry.run.workers.count, entry.number)
        }
        return open.filter { !$0.value.run.isTraining }.min { rank($0.value) < rank($1.value) }?.key ?? (mayTrain ? training : nil)
    }

    /// Seconds of work for one user that another waits at least.
    private static let turn = 20.0

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
        for (job, run, worker) in undecided where active[job]?.number == run && active[job]!.run.kept(by: worker, pausing: othersWait) {
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
            .slice(slice), of: entry.claim, pictures: entry.claim.pictures, queries: queries.count, to: worker, now: Self.clock.now)
    }

    /// A slice of a training's pictures, or all of its learning.
    private func train(_ job: JobID, _ worker: JobRun.WorkerID) {
        let size = trainingPacer.size(open: active[job]!.run.open, workers: pool.terms.count)
        guard let assignment = active[job]!.run.assign(to: worker, size: size) else { preconditionFailure("a run with open queries has some to give") }
        let entry = active[job]!, manifest = entry.run.manifest
        if entry.run.isFitting(worker) {
            let request = WorkerRequest.fit(.init(job: job, manifest: manifest, unusable: entry.run.unusable))
            return pool.assign(request, of: entry.claim, pictures: entry.claim.training, queries: 0, to: worker, now: Self.clock.now)
        }
        let pictures = assignment.ordinals.map { Numbered(ordinal: $0, value: entry.run.query($0)) }
        let request = WorkerRequest.encode(.init(job: job, model: manifest.model, pictures: pictures, batch: assignment.batch))
        pool.assign(
            request, of: entry.claim, pictures: entry.claim.pictures, queries: pictures.count, to: worker, now: Self.clock.now)
    }

    /// Keeps one job ahead of the workers, so that none waits for the database; no more, so that priorities count. A training waits
    /// until nothing else is queued, and takes no other job's place.
    private func claimIfUseful() {
        let runs = active.values.filter { !$0.run.isTraining }, trainings = active.count - runs.count
        let underWay = runs.count { !$0.ended }, waiting = runs.contains { $0.run.open > 0 }
        guard mode == .running, !stopping, gauge.isOpen, active.count <= pool.terms.count + Self.publishing else { return }
        guard (!waiting || underWay < pool.terms.count) && underWay <= pool.terms.count else {
            // Enough of these users: but nobody waits for the end of another's job.
            guard !othersAreServed, !claiming else { return }
            claimAgain = false
            return claim { [served = Set(runs.filter { !$0.ended }.map(\.claim.uid))] scheduler in
                let next = await scheduler.ledger.claimNext(trainings: false, except: served)
                if case .none = next { scheduler.othersAreServed = !scheduler.claimAgain }
                return next
            }
        }
        guard !isCalm || claimAgain else { return }
        guard !claiming else { return claimAgain = true }
        claimAgain = false
        claim { scheduler in
            let next = await scheduler.ledger.claimNext(trainings: trainings == 0, except: [])
            scheduler.isCalm = switch next {
            case .claim(let claim): claim.manifest.task == .train
            case .over: false
            case .none: true
            }
            return next
        }
    }

    private func claim(_ next: @escaping @Sendable (isolated Scheduler) async -> Ledger.Next) {
        claiming = true
        Task { claimed(await next(self)) }
    }

    func claimed(_ next: Ledger.Next) {
        claiming = false
        if claimAgain { isCalm = false }
        if case .claim(let claim) = next { begin(claim) }
        decide()
        dispatch()
        endIfStopped()
    }

    /// Whether the user has a run here that is charged.
    func isServed(_ uid: UInt32) -> Bool { active.values.contains { $0.claim.uid == uid && !$0.run.isTraining } }

    private func begin(_ claim: Ledger.Claim) {
        // It is running for the store, and for nobody else: what looks for stranded jobs puts it back once the earlier run is over.
        guard active[claim.job] == nil else { return logger.error("a job was claimed twice", metadata: ["job": "\(claim.job)"]) }
        nextRun += 1
        let run = JobRun(
            manifest: claim.manifest, unanswered: claim.unanswered, known: claim.known, gently: gently.contains(claim.job), unusable: claim.unusable, kept: claim.kept)
        // Who comes begins where the one is who was served least.
        if claim.manifest.task != .train, !isServed(claim.uid) { served[claim.uid] = served.values.min() ?? 0 }
        active[claim.job] = ActiveRun(run: run, claim: claim, number: nextRun, failed: claim.failed)
        logger.info("job started", metadata: ["job": "\(claim.job)", "queries": "\(claim.queries)", "attempt": "\(claim.attempt)"])
        send(claim.job, .running)
        if stopping || mode != .running { perform(active[claim.job]!.run.stop(.requeue), of: claim.job) }
    }
}
