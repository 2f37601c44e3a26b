// SPDX-License-Identifier: Apache-2.0
import LCLControl
import LCLJob
import Logging

/// Carrying out what runs decide, one step after the other for each job.
extension Scheduler {
    func perform(_ actions: [JobRun.Action], of job: JobID) {
        for action in actions {
            switch action {
            case .checkpoint(let verdicts):
                meter.count(verdicts.count, now: Self.clock.now)
                active[job]!.failed += verdicts.count { $0.verdict.error != nil }
                if active[job]!.run.answered == active[job]!.run.queryCount, !active[job]!.run.isTraining { active[job]!.unsaved += verdicts } else { save(verdicts, of: job) }
                send(job, .running)
            case .release(let worker):
                guard let took = pool.release(worker, now: Self.clock.now) else { break }
                if active[job]!.run.isTraining {
                    trainingPacer.observe(queries: took.queries, seconds: took.seconds)
                } else {
                    pacer.observe(queries: took.queries, seconds: took.seconds)
                    served[active[job]!.claim.uid, default: 0] += took.seconds
                }
            case .kill(let worker): pool.kill(worker, "its job was taken back")
            case .settle:
                let number = active[job]!.number
                append(job) { await self.settled(job, number) }
            case .keep(let worker, let name, let bytes):
                let number = active[job]!.number
                pool.waits(worker)
                append(job) { [ledger] in if await ledger.keep(bytes, as: name, of: job) { await self.kept(job, number, worker) } }
            case .end(let ending):
                conclude(job, ending)
            }
        }
    }

    private func save(_ verdicts: [Verdict.AtOrdinal], of job: JobID) {
        let linked = active[job]!.isLinkSaved ? nil : active[job]!.run.linked
        if linked != nil { active[job]!.isLinkSaved = true }
        append(job) { [ledger] in await ledger.checkpoint(job, verdicts, by: linked) }
    }

    private func conclude(_ job: JobID, _ ending: JobRun.Ending) {
        active[job]!.ended = true
        let claim = active[job]!.claim, unsaved = active[job]!.unsaved
        if case .complete = ending {} else if !unsaved.isEmpty { save(unsaved, of: job) }
        append(job) { [ledger] in
            let state = await ledger.conclude(claim, ending, last: unsaved)
            await self.told(job, state)
            if state == .done { await ledger.tidy(job) }
            await self.concluded(job)
        }
    }

    private func append(_ job: JobID, _ step: @escaping @Sendable () async -> Void) {
        let before = active[job]!.steps
        active[job]!.steps = Task {
            await before?.value
            await step()
        }
    }

    /// - Parameter state: what the job is now; `nil` where the daemon's time was over before that was durable.
    private func told(_ job: JobID, _ state: JobState?) {
        guard let state else { return }
        send(job, state)
        logger.info("job ended", metadata: ["job": "\(job)", "state": "\(state.rawValue)"])
        if state.isFinal { gently.remove(job) }
    }

    private func concluded(_ job: JobID) {
        let entry = active.removeValue(forKey: job)!
        // It may be queued again.
        isCalm = false
        othersAreServed = false
        if !isServed(entry.claim.uid) { served[entry.claim.uid] = nil }
        for waiter in entry.waiters { waiter.resume() }
        dispatch()
        endIfStopped()
    }

    func send(_ job: JobID, _ state: JobState) {
        let entry = active[job]!
        hub.send(JobProgress(
            job: job, uid: entry.claim.uid, state: state, queries: entry.run.queryCount, answered: entry.run.answered, failed: entry.failed,
            learned: entry.run.learned))
    }
}
