// SPDX-License-Identifier: Apache-2.0
import LCLControl
import LCLJob
import LCLWorker
import Logging
import ServiceLifecycle

/// Brings jobs and workers together: claims the next job, hands out slices, follows each run to its end.
///
/// Everything that happens passes through one stream and is handled in order; what it decides for a job is carried out
/// by the ledger, one step after the other for each job.
package actor Scheduler: Service {
    /// What the rest of the daemon may change while it runs.
    package struct Terms: Equatable, Sendable {
        package var command: [String]
        package var workers: Int
        package var deadline: Duration

        package init(command: [String], workers: Int, deadline: Duration) {
            self.command = command
            self.workers = workers
            self.deadline = deadline
        }
    }

    private enum Message: Sendable {
        case worker(JobRun.WorkerID, WorkerProcess.Event)
        case tick
    }

    private struct Active {
        var run: JobRun
        let claim: Ledger.Claim
        let number: UInt64
        var failed: Int
        /// The ledger's steps so far: the next one waits for them.
        var steps: Task<Void, Never>?
        var ended = false
        /// Who waits for the end.
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let ledger: Ledger
    private let logger: Logger
    private let hub: ProgressHub
    private let messages: AsyncStream<Message>
    private let inbox: AsyncStream<Message>.Continuation
    private var pool: WorkerPool
    private var pacer = SlicePacer()
    private var active: [JobID: Active] = [:]
    private var nextRun: UInt64 = 0
    private var mode = DaemonStatus.Mode.running
    private var stopping = false
    /// A claim is under way; and whether something came meanwhile that asks for another.
    private var claiming = false, claimAgain = false
    private var meter = RateMeter()
    /// Of the last worker that came up.
    private var confinement: Confinement?

    /// How long batches may take to end once the daemon stops; systemd's own patience is longer.
    private static let grace = Duration.seconds(12)
    private static let clock = ContinuousClock()

    init(ledger: Ledger, hub: ProgressHub, terms: Terms, logger: Logger) {
        self.ledger = ledger
        self.hub = hub
        self.logger = logger
        let (messages, inbox) = AsyncStream.makeStream(of: Message.self)
        self.messages = messages
        self.inbox = inbox
        pool = WorkerPool(.init(terms)) { inbox.yield(.worker($0, $1)) }
    }

    package func run() async throws {
        let ticker = Task { [inbox] in
            while !Task.isCancelled {
                try await Task.sleep(for: .seconds(1))
                inbox.yield(.tick)
            }
        }
        defer { ticker.cancel() }
        await withGracefulShutdownHandler {
            startWorkers()
            dispatch()
            for await message in messages { handle(message) }
        } onGracefulShutdown: {
            Task { await self.beginStop() }
        }
        logger.info("scheduler stopped")
    }

    // MARK: What the rest of the daemon asks

    /// There may be something to claim.
    func wake() { dispatch() }

    func apply(_ terms: Terms) {
        pool.terms = .init(terms)
        startWorkers()
        dispatch()
    }

    func set(_ new: DaemonStatus.Mode) {
        mode = new
        if mode != .running {
            // Claimed ahead and not begun: it waits in the store like the others.
            for (job, entry) in active where !entry.run.hasBegun { perform(active[job]!.run.stop(.requeue), of: job) }
        }
        dispatch()
    }

    var currentMode: DaemonStatus.Mode { mode }

    func report() -> (workers: [DaemonStatus.Worker], answered: Int, rate: Double) {
        (pool.report, meter.total, meter.rate(now: Self.clock.now))
    }

    /// Whether the scheduler does its work: asked by the watchdog.
    func isAlive() -> Bool { true }

    /// Takes a running job back, and returns once that is durable.
    /// - Returns: `false` where the job is not running here.
    func stop(_ job: JobID, _ reason: JobRun.Stop) async -> Bool {
        guard active[job] != nil, !active[job]!.ended else { return false }
        let actions = active[job]!.run.stop(reason)
        await withCheckedContinuation { waiter in
            active[job]!.waiters.append(waiter)
            perform(actions, of: job)
        }
        return true
    }

    // MARK: Events

    private func handle(_ message: Message) {
        let now = Self.clock.now
        switch message {
        case .tick:
            pool.killSilent(now: now)
            startWorkers()
        case .worker(let id, .replied(let reply)):
            pool.heard(from: id, now: now)
            replied(reply, from: id)
            pool.handled(from: id)
        case .worker(let id, .ended(let cause)):
            buried(id, cause, now: now)
        }
        dispatch()
        endIfStopped()
    }

    private func replied(_ reply: WorkerReply, from worker: JobRun.WorkerID) {
        if let job = pool.members[worker]?.job {
            if active[job] != nil { perform(active[job]!.run.handle(.replied(reply), from: worker), of: job) }
        } else if case .ready(let engine, let confinement) = reply {
            pool.ready(worker, confinement)
            logger.debug("worker is ready", metadata: ["worker": "\(worker)", "engine": "\(engine)"])
            report(confinement)
        }
    }

    /// Once, and again where it changes.
    private func report(_ confinement: Confinement) {
        guard confinement != self.confinement else { return }
        self.confinement = confinement
        let active = confinement.active.joined(separator: ", ")
        if confinement.missing.isEmpty { return logger.info("workers are confined", metadata: ["by": "\(active)"]) }
        logger.warning("workers are less confined than they could be", metadata: ["by": "\(active)", "missing": "\(confinement.missing.joined(separator: ", "))"])
    }

    private func buried(_ worker: JobRun.WorkerID, _ cause: String, now: ContinuousClock.Instant) {
        let job = pool.members[worker]?.job
        guard let cause = pool.bury(worker, cause: cause, now: now) else { return }
        if !stopping {
            logger.warning("worker ended", metadata: ["worker": "\(worker)", "cause": "\(cause)", "job": "\(job.map(\.rawValue) ?? "-")"])
        }
        if let job, active[job] != nil { perform(active[job]!.run.handle(.died(cause: cause), from: worker), of: job) }
        startWorkers()
    }

    private func startWorkers() {
        guard !stopping, let error = pool.fill(now: Self.clock.now) else { return }
        logger.error("unable to start a worker", metadata: ["error": "\(error)"])
    }

    // MARK: Handing out work

    private func dispatch() {
        guard !stopping else { return }
        for worker in pool.idle {
            guard let job = mostEntitled() else { break }
            give(job, to: worker)
        }
        claimIfUseful()
    }

    /// Of the runs with open queries: the highest priority, then the fewest workers, then the oldest.
    private func mostEntitled() -> JobID? {
        active.filter { $0.value.run.open > 0 }.min { a, b in
            let (x, y) = (a.value, b.value)
            return (-x.claim.priority, x.run.workers.count, x.number) < (-y.claim.priority, y.run.workers.count, y.number)
        }?.key
    }

    private func give(_ job: JobID, to worker: JobRun.WorkerID) {
        let size = pacer.size(open: active[job]!.run.open, workers: pool.terms.count)
        guard let assignment = active[job]!.run.assign(to: worker, size: size) else { return }
        let entry = active[job]!
        let queries = assignment.ordinals.map { Numbered(ordinal: $0, value: entry.run.query($0)) }
        let slice = WorkerRequest.Slice(
            job: job, run: entry.number, manifest: entry.run.manifest, queries: queries, batch: assignment.batch)
        pool.assign(.slice(slice), of: job, pictures: entry.claim.directory, queries: queries.count, to: worker, now: Self.clock.now)
    }

    /// Keeps one job ahead of the workers, so that none waits for the database; no more, so that priorities count.
    private func claimIfUseful() {
        let waiting = active.values.contains { $0.run.open > 0 }
        guard mode == .running, !stopping, !waiting || active.count < pool.terms.count, active.count <= pool.terms.count else { return }
        guard !claiming else { return claimAgain = true }
        claiming = true
        claimAgain = false
        Task {
            let claim = await ledger.claimNext()
            claimed(claim)
        }
    }

    private func claimed(_ claim: Ledger.Claim?) {
        claiming = false
        if let claim {
            nextRun += 1
            active[claim.job] = Active(
                run: JobRun(manifest: claim.manifest, unanswered: claim.unanswered, known: claim.known), claim: claim, number: nextRun, failed: claim.failed)
            logger.info("job started", metadata: ["job": "\(claim.job)", "queries": "\(claim.queries)", "attempt": "\(claim.attempt)"])
            send(claim.job, .running)
            if stopping || mode != .running { perform(active[claim.job]!.run.stop(.requeue), of: claim.job) }
        }
        // Asked for again only where there was something: else the next wake does it.
        if claim != nil || claimAgain { dispatch() }
        endIfStopped()
    }

    // MARK: Carrying out

    private func perform(_ actions: [JobRun.Action], of job: JobID) {
        for action in actions {
            switch action {
            case .checkpoint(let verdicts):
                meter.count(verdicts.count, now: Self.clock.now)
                active[job]!.failed += verdicts.count { $0.verdict.error != nil }
                let linked = active[job]!.run.linked
                append(job) { [ledger] in await ledger.checkpoint(job, verdicts, by: linked) }
                send(job, .running)
            case .release(let worker):
                if let took = pool.release(worker, now: Self.clock.now) { pacer.observe(queries: took.queries, seconds: took.seconds) }
            case .kill(let worker): pool.kill(worker, "its job was taken back")
            case .end(let ending):
                active[job]!.ended = true
                let claim = active[job]!.claim
                append(job) { [ledger] in
                    let state = await ledger.conclude(claim, ending)
                    await self.concluded(job, state)
                }
            }
        }
    }

    private func append(_ job: JobID, _ step: @escaping @Sendable () async -> Void) {
        let before = active[job]!.steps
        active[job]!.steps = Task {
            await before?.value
            await step()
        }
    }

    private func concluded(_ job: JobID, _ state: JobState) {
        send(job, state)
        let entry = active.removeValue(forKey: job)!
        logger.info("job ended", metadata: ["job": "\(job)", "state": "\(state.rawValue)"])
        for waiter in entry.waiters { waiter.resume() }
        dispatch()
        endIfStopped()
    }

    private func send(_ job: JobID, _ state: JobState) {
        let entry = active[job]!
        hub.send(JobProgress(
            job: job, uid: entry.claim.uid, state: state, queries: entry.run.queryCount, answered: entry.run.answered, failed: entry.failed))
    }

    // MARK: The end

    private func beginStop() {
        guard !stopping else { return }
        stopping = true
        ledger.isStopping.value = true
        logger.info("stopping: batches under way are finished", metadata: ["jobs": "\(active.count)"])
        for job in active.keys { perform(active[job]!.run.stop(.requeue), of: job) }
        for worker in pool.members.filter({ $0.value.state != .busy }).keys { pool.kill(worker, "the daemon stops") }
        Task {
            try? await Task.sleep(for: Self.grace)
            abandon()
        }
        endIfStopped()
    }

    private func abandon() {
        for job in active.keys { perform(active[job]!.run.abandon(), of: job) }
        for worker in pool.members.keys { pool.kill(worker, "the daemon stops") }
    }

    private func endIfStopped() {
        guard stopping, active.isEmpty, !claiming else { return }
        for worker in pool.members.keys { pool.kill(worker, "the daemon stops") }
        if pool.isEmpty { inbox.finish() }
    }
}

extension WorkerPool.Terms {
    init(_ terms: Scheduler.Terms) {
        self.init(command: terms.command, count: terms.workers, deadline: terms.deadline)
    }
}
