// SPDX-License-Identifier: Apache-2.0
import Foundation
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

    let ledger: Ledger
    let logger: Logger
    let gauge: DiskGauge
    let hub: ProgressHub
    private let messages: AsyncStream<Message>
    private let inbox: AsyncStream<Message>.Continuation
    var pool: WorkerPool
    var pacer = SlicePacer()
    /// For the pictures of trainings.
    var trainingPacer = SlicePacer()
    var active: [JobID: ActiveRun] = [:]
    var nextRun: UInt64 = 0
    var mode = DaemonStatus.Mode.running
    var stopping = false
    /// A claim is under way; and whether something came meanwhile that asks for another.
    var claiming = false, claimAgain = false
    /// The last claim found no job but trainings, and nothing has come since.
    var isCalm = false
    /// Who has no run here had nothing queued at the last look, and nothing has come since.
    var othersAreServed = false
    /// Seconds that workers spent on each user's jobs, of the users that have runs here; trainings are for nothing.
    var served: [UInt32: Double] = [:]
    /// Workers that learn and wait for a word: whether to go on.
    var undecided: [(job: JobID, run: UInt64, worker: JobRun.WorkerID)] = []
    /// Jobs whose last run ended for want of memory.
    var gently: Set<JobID> = []
    /// Since when fewer workers run than are wanted.
    private var lowered: Date?
    private var ticks = 0
    var meter = RateMeter()
    /// Of the last worker that came up.
    private var confinement: Confinement?

    /// How long batches may take to end once the daemon stops; systemd's own patience is longer.
    private static let grace = Duration.seconds(12)
    static let clock = ContinuousClock()
    /// Ticks, of a second each, between two looks for stranded jobs.
    private static let strandedPause = 30

    init(ledger: Ledger, hub: ProgressHub, gauge: DiskGauge, terms: Terms, logger: Logger) {
        self.ledger = ledger
        self.gauge = gauge
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
    func wake() {
        isCalm = false
        othersAreServed = false
        if claiming { claimAgain = true }
        dispatch()
    }

    func apply(_ terms: Terms) {
        pool.terms = .init(terms)
        startWorkers()
        dispatch()
    }

    func set(_ new: DaemonStatus.Mode) {
        mode = new
        if mode != .running {
            // Claimed ahead and not begun: it waits in the store like the others. A training goes on from what it has kept.
            for (job, entry) in active where !entry.run.hasBegun || entry.run.isTraining { perform(active[job]!.run.stop(.requeue), of: job) }
        }
        dispatch()
    }

    /// Draining once the daemon stops.
    var currentMode: DaemonStatus.Mode { stopping ? .draining : mode }

    func report() -> (workers: [DaemonStatus.Worker], answered: Int, rate: Double) {
        (pool.report, meter.total, meter.rate(now: Self.clock.now))
    }

    /// Why fewer workers run than are wanted.
    func waitingForMemory() -> Waiting? {
        let limit = pool.limit(now: Self.clock.now)
        guard limit < pool.terms.count, let lowered else { return nil }
        return Waiting(reason: .memory, since: lowered, detail: "a worker died for want of memory; \(limit) of \(pool.terms.count) workers run for a while")
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
            ticks += 1
            // The queue is looked at once a second, though nothing was heard.
            isCalm = false
            othersAreServed = false
            if ticks % Self.strandedPause == 0 { takeUpStranded() }
        case .worker(let id, .replied(let reply)):
            pool.heard(from: id, now: now)
            replied(reply, from: id)
            pool.handled(from: id)
        case .worker(let id, .ended(let cause, let death)):
            buried(id, cause, death, now: now)
        }
        dispatch()
        endIfStopped()
    }

    private func replied(_ reply: WorkerReply, from worker: JobRun.WorkerID) {
        if let job = pool.members[worker]?.job {
            // No more than a taken-over worker may gain by it.
            if case .linked = reply, let time = pool.linked(worker, now: Self.clock.now) { active[job]?.noteLinkTime(min(time, 300)) }
            if active[job] != nil { perform(active[job]!.run.handle(.replied(reply), from: worker), of: job) }
            if case .learning = reply, active[job] != nil { send(job, .running) }
        } else if case .ready(let engine, let confinement) = reply, pool.members[worker]?.state == .starting {
            pool.ready(worker, confinement)
            logger.debug("worker is ready", metadata: ["worker": "\(worker)", "engine": "\(engine)"])
            report(confinement)
        } else {
            pool.kill(worker, "the worker spoke without being asked")
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

    private func buried(_ worker: JobRun.WorkerID, _ cause: String, _ death: JobRun.Death, now: ContinuousClock.Instant) {
        let job = pool.members[worker]?.job
        if let job, let entry = active[job], !entry.run.isTraining { served[entry.claim.uid, default: 0] += pool.time(of: worker, now: now) }
        guard let (cause, isRoutine) = pool.bury(worker, cause: cause, now: now) else { return }
        if !stopping {
            logger.log(
                level: isRoutine ? .debug : .warning, "worker ended",
                metadata: ["worker": "\(worker)", "cause": "\(cause)", "job": "\(job.map(\.rawValue) ?? "-")"])
        }
        // Once for each job: a worker's word is enough, and one that was taken over is not to take all the others.
        if death == .memory, job.map({ gently.insert($0).inserted }) ?? true {
            pool.lower(now: now)
            lowered = Date()
        }
        if let job, active[job] != nil { perform(active[job]!.run.handle(.died(cause: cause, death), from: worker), of: job) }
        startWorkers()
    }

    private func startWorkers() {
        guard !stopping, let error = pool.fill(now: Self.clock.now) else { return }
        logger.error("unable to start a worker", metadata: ["error": "\(error)"])
    }

    /// Jobs that are `running` for the store and not for us: a claim whose commit was not told. They go back to the queue.
    private func takeUpStranded() {
        guard !claiming, !stopping else { return }
        claiming = true
        let ours = Set(active.keys)
        Task {
            await ledger.requeueStranded(except: ours)
            claimed(.none)
        }
    }

    // MARK: The end

    private func beginStop() {
        guard !stopping else { return }
        stopping = true
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
        ledger.close()
        for job in active.keys { perform(active[job]!.run.abandon(), of: job) }
        for worker in pool.members.keys { pool.kill(worker, "the daemon stops") }
    }

    func endIfStopped() {
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
