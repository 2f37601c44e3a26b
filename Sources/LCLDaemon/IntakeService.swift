// SPDX-License-Identifier: Apache-2.0
import LCLControl
import LCLJob
import LCLSpool
import LCLStore
import Logging
import ServiceLifecycle

/// Takes what appears in `incoming/`: scans on every hint of the watcher and on a timer, claims, copies, and tells the store.
struct IntakeService: Service {
    let spool: Spool
    let store: JobStore
    let intake: Intake
    let disk: DiskQueue
    let scan: Duration
    let settle: Duration
    let quota: Live<Quota>
    /// What waits because it could not be taken.
    let door: Live<Waiting?>
    let ledger: Ledger
    /// Whether jobs are taken in now: not while draining.
    let isOpen: @Sendable () async -> Bool
    /// Called after jobs were accepted.
    let accepted: @Sendable () async -> Void
    let logger: Logger
    /// Jobs whose entries were copied and can be removed: it may take as long, and no other job waits for it.
    let copied = AsyncStream<JobID>.makeStream()
    let attempts: TakeAttempts

    func run() async throws {
        let remover = Task { for await id in copied.stream { await removeSettled(id) } }
        let watcher = try IncomingWatcher(spool)
        let (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let hints = Task { for await _ in watcher.wakes { waker.yield() } }
        let timer = Task {
            while !Task.isCancelled {
                waker.yield()
                try await Task.sleep(for: scan)
            }
        }
        var waiting = WaitingEntries()
        var scanner = IncomingScanner(spool: spool, settlingTime: Int64(settle / .milliseconds(1)))
        let isDue = Live(false)
        await withGracefulShutdownHandler {
            for await _ in wakes where !Task.isShuttingDownGracefully {
                let isQuiet = await look(&scanner, &waiting, watcher)
                if !waiting.carried.isEmpty, waiting.unsaved.isEmpty, await isOpen() { waker.yield() }
                guard !isQuiet, !isDue.value else { continue }
                isDue.value = true
                Task {
                    try? await Task.sleep(for: settle)
                    isDue.value = false
                    waker.yield()
                }
            }
        } onGracefulShutdown: {
            waker.finish()
            Task { await attempts.forgive() }
        }
        timer.cancel()
        hints.cancel()
        watcher.stop()
        // The next start removes the rest.
        remover.cancel()
        await remover.value
    }

    /// One scan, and everything that it found complete.
    /// - Returns: whether nothing is still being written, and the store knows of everything that was taken.
    private func look(_ scanner: inout IncomingScanner, _ waiting: inout WaitingEntries, _ watcher: IncomingWatcher) async -> Bool {
        await remember(&waiting)
        // What the store does not know yet is in memory: no more of it.
        guard await isOpen(), waiting.unsaved.isEmpty else { return waiting.unsaved.isEmpty }
        let moved = watcher.takeMoved().union(waiting.carried), last = scanner
        do {
            let (found, next) = try await disk { [last] in
                var scanner = last
                return (try scanner.scan(now: Self.milliseconds(), moved: moved), scanner)
            }
            scanner = next
            var due = waiting.due(found.ready, now: .now).inTurns()[...]
            let end = ContinuousClock.now + Self.round
            while !due.isEmpty, waiting.unsaved.isEmpty, .now < end, !Task.isShuttingDownGracefully, await isOpen() {
                due = due.dropFirst(await take(due.prefix(Self.batch), &waiting))
            }
            waiting.carried = Set(due.filter { $0.claimed == nil }.map(\.name))
            if !waiting.isEmpty || waiting.leftClaims || due.contains(where: { $0.claimed != nil }) { scanner.expectClaims() }
            waiting.leftClaims = false
            door.value = waiting.report
            return found.waiting == 0 && waiting.unsaved.isEmpty
        } catch {
            logger.error("unable to scan incoming", metadata: ["error": "\(error)"])
            waiting.carried = []
            return true
        }
    }

    /// Milliseconds of the monotonic clock, for settling.
    private static func milliseconds() -> Int64 { Int64((ContinuousClock.now - origin) / .milliseconds(1)) }
    private static let origin = ContinuousClock.now

    /// Jobs acknowledged in one transaction at most: it costs one flush for all of them.
    private static let batch = 32
    /// Queries of jobs that have no row yet, which are all in memory, at most: one job may have more.
    private static let queries = 100_000
    /// Between two scans, but for the last batch: who comes meanwhile gets his turn.
    private static let round = Duration.seconds(5)

    /// - Returns: how many of them it came to.
    private func take(_ offers: ArraySlice<Offer>, _ waiting: inout WaitingEntries) async -> Int {
        var done = 0
        for offer in offers where waiting.unsaved.queries <= Self.queries {
            done += 1
            do {
                let allowance = try await allowance(of: offer.owner, beside: waiting.unsaved.accepted)
                let refusal = try await attempts.begin(offer)
                switch try await disk({ [intake] in try intake.take(offer, now: .now(), allowance: allowance, refusal: refusal) }) {
                case .accepted(let job): waiting.unsaved.accepted.append(job)
                case .refused(let job): waiting.unsaved.refused.append(job)
                case .nothing: waiting.leftClaims = true
                }
                waiting.taken(offer)
                await attempts.end(offer)
                if waiting.unsaved.queries > Self.queries { await remember(&waiting) }
            } catch {
                ledger.take(error)
                waiting.failed(offer, "\(error)", now: .now)
                await attempts.end(offer)
                logger.error("unable to take a job in", metadata: ["entry": "\(offer.name)", "error": "\(error)"])
            }
        }
        await remember(&waiting)
        return done
    }

    /// What the user has left of his quota, those of his jobs counted that have no row yet.
    private func allowance(of uid: UInt32, beside new: [AcceptedJob]) async throws -> Allowance? {
        let quota = quota.value
        guard quota != .none, uid != 0 else { return nil }
        let rows = try await store.underWay(of: uid), his = new.filter { $0.record.submitter == uid }
        let used = Quota(
            jobs: rows.jobs + his.count, bytes: rows.bytes + his.reduce(0) { $0 + ($1.record.bytes ?? 0) },
            queries: rows.queries + his.reduce(0) { $0 + $1.queries.count })
        return Allowance(submitter: uid, quota: quota, used: used)
    }

    /// Rows for what was taken; where the store cannot be told now, the next look tries again, and at last the next start.
    private func remember(_ waiting: inout WaitingEntries) async {
        do {
            for job in try await waiting.unsaved.insertRefused(into: store) { report(job) }
            guard !waiting.unsaved.accepted.isEmpty else { return }
            Fault.afterSnapshot.reach()
            let jobs = try await waiting.unsaved.insertAccepted(into: store)
            Fault.afterInsert.reach()
            for job in jobs {
                logger.info("job accepted", metadata: ["job": "\(job.id)", "uid": "\(job.record.submitter)", "queries": "\(job.queries.count)"])
            }
            await accepted()
            for job in jobs { copied.continuation.yield(job.id) }
        } catch {
            ledger.take(error)
            logger.error("unable to remember jobs that were taken in, for now", metadata: ["error": "\(error)"])
        }
    }

    private func removeSettled(_ id: JobID) async {
        do { try await disk { [intake] in try intake.removeSettled(id) } } catch {
            logger.error("unable to remove an entry that was copied; the next start does", metadata: ["job": "\(id)", "error": "\(error)"])
        }
    }

    private func report(_ job: Intake.RefusedJob) {
        let first = job.problems.problems.first
        logger.notice("job refused", metadata: ["job": "\(job.id)", "place": "\(job.place.rawValue)", "error": "\(first.map { "\($0)" } ?? "-")"])
    }
}

extension NewJob {
    init(_ job: AcceptedJob) {
        let options = job.manifest.options
        self.init(
            id: job.id, name: job.manifest.name, uid: job.record.submitter, priority: options.priority, created: job.record.accepted,
            expires: options.expires.map { job.record.accepted + Int64($0) * 1000 }, queries: job.queries.count,
            bytes: job.record.bytes ?? 0, task: job.manifest.task)
    }

    init(_ job: Intake.RefusedJob) {
        self.init(id: job.id, uid: job.record.submitter, created: job.record.accepted, queries: 0)
    }
}

extension Array {
    func parts(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
