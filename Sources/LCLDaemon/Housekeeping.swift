// SPDX-License-Identifier: Apache-2.0
import LCLControl
import LCLJob
import LCLSpool
import LCLStore
import Logging
import ServiceLifecycle

/// What is done by the clock: jobs expire, old ones are forgotten, leavings are swept.
struct Housekeeping: Service {
    let store: JobStore
    let spool: Spool
    let disk: DiskQueue
    let ledger: Ledger
    let hub: ProgressHub
    let gauge: DiskGauge
    let retention: Live<Retention>
    /// Between two rounds of retention.
    let interval: Duration
    /// Called when work may go on.
    let resumed: @Sendable () async -> Void
    let notifier: Notifier
    let logger: Logger

    /// Seconds between two rounds of each kind.
    private static let expiry = 1, status = 10
    /// How long events are kept, in milliseconds: 90 days.
    private static let memory: Int64 = 90 * 86_400_000
    /// Of one user's jobs, and of all together.
    private static let most = (user: 100_000, all: 2_000_000)

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            // A time that is not too late, whatever was done to the clock.
            let cautious = Live(Int64.now())
            async let _ = cleanUp(by: cautious)
            var second = 0, steady = SteadyTime(wall: .now(), at: .now), owed: Int64 = 0
            while true {
                let now = Int64.now()
                if let jump = steady.observe(wall: now, at: .now) {
                    logger.warning("the clock was set", metadata: ["milliseconds": "\(jump)"])
                    owed += jump
                }
                await watchDisk()
                if owed != 0 {
                    await attempt("follow the clock") {
                        try await store.shift(by: owed)
                        owed = 0
                    }
                }
                // Not by a clock that the jobs do not follow yet.
                if owed == 0, second % Self.expiry == 0 { await attempt("expire jobs") { try await expire(at: now) } }
                if second % Self.status == 0 { await attempt("report", report) }
                cautious.value = steady.cautious
                try await Task.sleep(for: .seconds(1))
                second += 1
            }
        }
    }

    /// It may take minutes, for which the clock and the disk are watched on.
    private func cleanUp(by cautious: Live<Int64>) async throws {
        try await Task.sleep(for: min(.seconds(2), interval))
        while true {
            await attempt("clean up") { try await clean(at: cautious.value) }
            try await Task.sleep(for: interval)
        }
    }

    private func watchDisk() async {
        if (try? await disk { [gauge] in gauge.look() }) == true { await resumed() }
        await gauge.tell(store)
    }

    private func expire(at now: Int64) async throws {
        for id in try await store.expired(at: now) {
            // Whoever is in the middle of something with it comes first; it is still expired in a second, or not any more.
            guard await ledger.turns.isFree(id) else { continue }
            let why = Failure(.jobExpired, "its time to wait was over before a worker was free")
            let state = try await ledger.turns.run(id) { [store, ledger] in
                // No worker gets it between its report and its row.
                try await store.holdExpired(id, at: now) ? await ledger.fail(id, .expire, [why], once: true) : nil
            }
            guard let state else { continue }
            logger.notice("job expired", metadata: ["job": "\(id)", "state": "\(state.rawValue)"])
            hub.send(JobProgress(JobSummary(try await store.job(id))))
        }
    }

    private func report() async throws {
        let counts = try await store.counts()
        notifier.send(.status("\(counts[.running] ?? 0) running, \(counts[.queued] ?? 0) queued, \(counts[.done] ?? 0) done"))
    }

    private func clean(at now: Int64) async throws {
        let rule = retention.value, submitters = try await store.submittersOfFinished()
        // Directory, row, disk space: what fails on the way is found as `.gone-ID` by the next round.
        let gone = try await disk { [spool, logger] in
            try spool.sweep(now: now)
            for job in rule.outdated(try spool.finishedJobs(), of: submitters, now: now) {
                do { try spool.retire(job.id, in: job.place) } catch {
                    logger.error("unable to forget a job", metadata: ["job": "\(job.id)", "error": "\(error)"])
                }
            }
            return try spool.retired()
        }
        for part in gone.parts(of: 500) { try await store.forget(part) }
        try await store.forgetEvents(before: now - Self.memory, most: Self.most)
        try await store.foldLog()
        try await disk { [spool] in try spool.removeRetired() }
        if !gone.isEmpty { logger.info("old jobs forgotten", metadata: ["count": "\(gone.count)"]) }
    }

    private func attempt(_ what: String, _ work: () async throws -> Void) async {
        do { try await work() } catch {
            ledger.take(error)
            logger.error("unable to keep house", metadata: ["task": "\(what)", "error": "\(error)"])
        }
    }
}

/// Tells the service manager's watchdog that the scheduler still answers, and that the daemon stops.
struct Watchdog: Service {
    let notifier: Notifier
    let scheduler: Scheduler

    func run() async throws {
        await withGracefulShutdownHandler {
            try? await cancelWhenGracefulShutdown {
                while true {
                    try await Task.sleep(for: notifier.watchdogInterval ?? .seconds(3600))
                    // A scheduler that hangs never answers, and the watchdog hears nothing.
                    if await scheduler.isAlive() { notifier.send(.watchdog) }
                }
            }
        } onGracefulShutdown: {
            notifier.send(.stopping)
        }
    }
}
