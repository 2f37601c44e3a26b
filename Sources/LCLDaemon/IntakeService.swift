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
        await withGracefulShutdownHandler {
            for await _ in wakes where !Task.isShuttingDownGracefully {
                guard await !look(&scanner, watcher) else { continue }
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
    /// - Returns: whether nothing is still being written.
    private func look(_ scanner: inout IncomingScanner, _ watcher: IncomingWatcher) async -> Bool {
        guard await isOpen() else { return true }
        var scanned = scanner
        let moved = watcher.takeMoved()
        do {
            let (found, next) = try await disk { [scanned] in
                var scanner = scanned
                return (try scanner.scan(now: .now(), moved: moved), scanner)
            }
            scanned = next
            scanner = scanned
            for batch in found.ready.parts(of: Self.batch) { await take(batch) }
            return found.waiting == 0
        } catch {
            logger.error("unable to scan incoming", metadata: ["error": "\(error)"])
            return true
        }
    }

    /// Jobs acknowledged in one transaction at most: it costs one flush for all of them.
    private static let batch = 32

    private func take(_ offers: [Offer]) async {
        var new: [AcceptedJob] = []
        for offer in offers {
            do {
                switch try await disk({ [intake] in try intake.take(offer, now: .now()) }) {
                case .accepted(let job): new.append(job)
                case .refused(let job): await refuse(job)
                case .nothing: break
                }
            } catch {
                logger.error("unable to take a job in", metadata: ["entry": "\(offer.name)", "error": "\(error)"])
            }
        }
        guard !new.isEmpty else { return }
        Fault.afterSnapshot.reach()
        do {
            try await store.insert(new.map { NewJob($0) })
            Fault.afterInsert.reach()
            for job in new {
                logger.info("job accepted", metadata: ["job": "\(job.id)", "uid": "\(job.record.submitter)", "queries": "\(job.queries.count)"])
            }
            await accepted()
        } catch {
            // `active/ID` is there, so the next start inserts the rows.
            logger.critical("unable to remember accepted jobs until the next start", metadata: ["error": "\(error)"])
        }
    }

    private func refuse(_ job: Intake.RefusedJob) async {
        let first = job.problems.problems.first
        logger.notice("job refused", metadata: ["job": "\(job.id)", "place": "\(job.place.rawValue)", "error": "\(first.map { "\($0)" } ?? "-")"])
        do {
            try await store.insert(NewJob(job), as: .failed, finished: .now(), failure: first)
        } catch {
            logger.error("unable to remember a refused job", metadata: ["job": "\(job.id)", "error": "\(error)"])
        }
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
