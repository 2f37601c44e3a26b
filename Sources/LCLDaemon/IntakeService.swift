// SPDX-License-Identifier: Apache-2.0
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
    /// Whether jobs are taken in now: not while draining.
    let isOpen: @Sendable () async -> Bool
    /// Called after jobs were accepted.
    let accepted: @Sendable () async -> Void
    let logger: Logger

    func run() async throws {
        let watcher = try IncomingWatcher(spool)
        let (wakes, waker) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let hints = Task { for await _ in watcher.wakes { waker.yield() } }
        let timer = Task {
            while !Task.isCancelled {
                waker.yield()
                try await Task.sleep(for: scan)
            }
        }
        var scanner = IncomingScanner(spool: spool, settlingTime: Int64(settle / .milliseconds(1)))
        var backlog = IntakeBacklog()
        await withGracefulShutdownHandler {
            for await _ in wakes where !Task.isShuttingDownGracefully {
                guard await !look(&scanner, &backlog, watcher) else { continue }
                Task {
                    try await Task.sleep(for: settle)
                    waker.yield()
                }
            }
        } onGracefulShutdown: {
            waker.finish()
        }
        timer.cancel()
        hints.cancel()
        watcher.stop()
    }

    /// One scan, and everything that it found complete.
    /// - Returns: whether nothing is still being written, and the store knows of everything that was taken.
    private func look(_ scanner: inout IncomingScanner, _ backlog: inout IntakeBacklog, _ watcher: IncomingWatcher) async -> Bool {
        await remember(&backlog)
        guard await isOpen() else { return backlog.isEmpty }
        var scanned = scanner
        let moved = watcher.takeMoved()
        do {
            let (found, next) = try await disk { [scanned] in
                var scanner = scanned
                return (try scanner.scan(now: .now(), moved: moved), scanner)
            }
            scanned = next
            scanner = scanned
            for batch in found.ready.parts(of: Self.batch) { await take(batch, &backlog) }
            return found.waiting == 0 && backlog.isEmpty
        } catch {
            logger.error("unable to scan incoming", metadata: ["error": "\(error)"])
            return true
        }
    }

    /// Jobs acknowledged in one transaction at most: it costs one flush for all of them.
    private static let batch = 32

    private func take(_ offers: [Offer], _ backlog: inout IntakeBacklog) async {
        for offer in offers {
            do {
                switch try await disk({ [intake] in try intake.take(offer, now: .now()) }) {
                case .accepted(let job): backlog.accepted.append(job)
                case .refused(let job): backlog.refused.append(job)
                case .nothing: break
                }
            } catch {
                logger.error("unable to take a job in", metadata: ["entry": "\(offer.name)", "error": "\(error)"])
            }
        }
        await remember(&backlog)
    }

    /// Rows for what was taken. Where the store cannot say so for now, the backlog keeps them for the next look.
    private func remember(_ backlog: inout IntakeBacklog) async {
        do {
            for job in try await backlog.insertRefused(into: store) { report(job) }
            guard !backlog.accepted.isEmpty else { return }
            Fault.afterSnapshot.reach()
            let jobs = try await backlog.insertAccepted(into: store)
            Fault.afterInsert.reach()
            for job in jobs {
                logger.info("job accepted", metadata: ["job": "\(job.id)", "uid": "\(job.record.submitter)", "queries": "\(job.queries.count)"])
            }
            await accepted()
        } catch {
            logger.error("unable to remember jobs that were taken in, for now", metadata: ["error": "\(error)"])
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
            expires: options.expires.map { job.record.accepted + Int64($0) * 1000 }, queries: job.queries.count)
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
