// SPDX-License-Identifier: Apache-2.0
import LCLJob
import LCLSpool
import LCLStore
import LCLWorker
import Logging

/// Taking a job from the store: what is known of it, from its row and its directory.
extension Ledger {
    /// A job that the store has given to us, and what is known of it.
    struct Claim: Sendable {
        var job: JobID
        var uid: UInt32
        /// As whom a worker reads models: 0 for an administrator.
        var reader: UInt32
        var priority: Int
        var attempt: Int
        var queries: Int
        var failed: Int
        var manifest: Manifest
        var unanswered: [Int]
        /// What the answers of earlier runs were given by.
        var known: Linked?
        /// Pictures of a training that are known to have no features.
        var unusable: [Int]
        /// What a training's journal has.
        var kept: Set<JobID>
        var started: Int64

        /// What workers may open: the job's pictures, and what a training has worked out.
        let pictures: PictureDesk.Folder
        let training: PictureDesk.Folder
    }

    /// What became of asking for a job.
    enum Next: Sendable {
        case claim(Claim)
        /// There was one, and it is over: there may be more.
        case over
        /// There is none, or the machine cannot say or read it for now.
        case none
    }

    /// The next job, marked and charged.
    /// - Parameters:
    ///   - trainings: whether a training will do, where nothing else is queued.
    ///   - served: users whose jobs are passed over.
    func claimNext(trainings: Bool, except served: Set<UInt32>) async -> Next {
        do {
            var next = try await store.claimNext(except: served, at: .now())
            if next == nil, trainings { next = try await store.claimNext(.train, at: .now()) }
            guard let job = next else { return .none }
            return await open(job)
        } catch {
            take(error)
            logger.error("unable to claim a job", metadata: ["error": "\(error)"])
            return .none
        }
    }

    /// What is known of a claimed job. Where its directory is damaged or gone, no attempt will mend that, and it fails; where
    /// the machine is at fault it goes back to the queue, behind the others, with the attempt that the claim charged.
    private func open(_ job: StoredJob) async -> Next {
        do {
            // Its end was published, and the start that found it could not tell the store.
            if let place = try await disk({ [spool] in try spool.place(of: job.id) }), place != .active {
                try await settle(job.id, in: place)
                return .over
            }
            let accepted = try await disk { [spool] in try spool.accepted(job.id) }
            if accepted.manifest.task == .train { try await takeUp(job) }
            let directory = spool.directory(.active, job.id)
            let claim = Claim(
                job: job.id, uid: job.uid, reader: try await reader(of: accepted.manifest, for: job.uid), priority: job.priority,
                attempt: job.attempts, queries: job.queries, failed: job.failed,
                manifest: accepted.manifest, unanswered: try await store.unanswered(of: job.id),
                known: try await store.linked(Linked.self, of: job.id),
                unusable: accepted.manifest.task == .train ? try await store.failedOrdinals(of: job.id) : [],
                kept: accepted.manifest.task == .train ? try await disk { [spool] in Set(try spool.kept(job.id)) } : [],
                started: .now(), pictures: .init(directory), training: .init(directory, training: true))
            guard let failure = await refusal(of: claim) else { return .claim(claim) }
            await fail(job.id, .fail, [failure])
            return .over
        } catch {
            logger.error("unable to read a job", metadata: ["job": "\(job.id)", "error": "\(error)"])
            let spoolError = error as? SpoolError
            if spoolError?.isDamage == true {
                await fail(job.id, .fail, [Failure(.internal, "\(error)")])
                return .over
            }
            gauge.notice(error)
            _ = try? await apply(.requeue, job.id, detail: "\(error)")
            try? await store.postpone(job.id, at: .now())
            return .none
        }
    }

    private func reader(of manifest: Manifest, for uid: UInt32) async throws -> UInt32 {
        guard ModelDepot.guards(manifest) else { return uid }
        return try await disk { ModelDepot.isAdministrator(uid) } ? 0 : uid
    }

    /// Makes the row of a job that is over say what the spool says.
    func settle(_ job: JobID, in place: Spool.Place) async throws {
        if place == .done { return try await store.settleDone(job, failed: try await disk { [spool] in try spool.failedCount(job) }, at: .now()) }
        let report = try await disk { [spool] in try spool.errorReport(job) }
        try await store.settle(job, as: report.state, at: .now(), failure: report.problems.first)
    }

    /// Puts back what the store has as running and nobody runs.
    func requeueStranded(except known: Set<JobID>) async {
        do {
            for job in try await store.jobs(states: [.running], limit: 1000) where !known.contains(job.id) {
                logger.warning("a running job was stranded", metadata: ["job": "\(job.id)"])
                _ = try await apply(.requeue, job.id, detail: "nobody ran it")
            }
        } catch {
            logger.error("unable to look for stranded jobs", metadata: ["error": "\(error)"])
        }
    }
}
