// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLSpool
import LCLStore
import LCLWorker

/// What the ledger does for trainings beside what it does for every job: features before rows, the model before the result.
extension Ledger {
    /// Brings the features of new verdicts to the disk.
    /// - Throws: where the daemon's time was over first: then the verdicts must not be recorded.
    func keepFeatures(of verdicts: [Verdict.AtOrdinal], _ job: JobID) async throws(Abandoned) {
        let rows = Dictionary(verdicts.compactMap { one in one.features.map { (one.ordinal, FeatureRow.sealed($0, ordinal: one.ordinal)) } }, uniquingKeysWith: { first, _ in first })
        guard !rows.isEmpty else { return }
        try await insist("keep features", job) { try await disk { [spool] in try spool.keepRows(rows, of: job) } }
        Fault.afterFeatures.reach()
    }

    /// Whoever replays a journal keeps nothing anew, so an attempt that gets here got further than those before it.
    /// - Returns: whether it is on the disk; `false` where the daemon's time was over first.
    func keep(_ bytes: Data, as name: JobID, of job: JobID) async -> Bool {
        do {
            try await insist("keep what was learned", job) { try await disk { [spool] in try spool.keep(bytes, as: name, of: job) } }
            try await insist("count what was learned", job) { try await store.forgiveAttempts(of: job) }
        } catch {
            return false
        }
        Fault.afterEntry.reach()
        return true
    }

    /// A job that its submitter may not have run, whatever was said when it was taken in: the name is somebody's by now, or the model.
    func refusal(of claim: Claim) async -> Failure? {
        guard ModelDepot.guards(claim.manifest) else { return nil }
        return (try? await disk { [depot] in depot.refusal(of: claim.manifest, for: claim.uid) }) ?? nil
    }

    /// What an earlier run worked out is nothing without its features, which somebody may have removed.
    func takeUp(_ job: StoredJob) async throws {
        guard job.answered > job.failed, try await !disk({ [spool] in try spool.hasFeatures(job.id) }) else { return }
        try await store.forgetVerdicts(of: job.id)
    }

    func startOver(_ job: JobID) async {
        try? await insist("start over", job) {
            try await store.forgetVerdicts(of: job)
            try await disk { [spool] in if try spool.place(of: job) == .active { try spool.forgetTraining(job) } }
        }
    }

    /// The model, and then S4 to S6: whatever is cut short is done again, to the same bytes.
    func publish(_ claim: Claim, _ linked: Linked, _ report: TrainingReport, link: Data) async -> JobState? {
        var made: Result<JobResult.ModelIdentity, ModelDepot.Refused>?
        do {
            try await insist("make the model", claim.job) {
                made = try await disk { [depot] in
                    do {
                        return .success(try depot.publish(link, job: claim.job, of: claim.uid, claim.manifest, base: linked.model))
                    } catch let refused as ModelDepot.Refused {
                        return .failure(refused)
                    }
                }
            }
            Fault.afterModel.reach()
            switch made! {
            case .success(let model): return try await publish(claim, TrainingOutcome(base: linked.model, model: model, report: report))
            case .failure(.failure(let failure)): return await fail(claim.job, .fail, [failure])
            case .failure(.baseChanged): return await conclude(claim, .modelChanged, last: [])
            case .failure(.nonsense(let why)): return await conclude(claim, .crashed(evidence: ["the worker's link file is none: \(why)"]), last: [])
            }
        } catch {
            return nil
        }
    }

    private struct TrainingOutcome: Sendable {
        var base: JobResult.ModelIdentity
        var model: JobResult.ModelIdentity
        var report: TrainingReport
    }

    private func publish(_ claim: Claim, _ outcome: TrainingOutcome) async throws(Abandoned) -> JobState {
        try await publish(claim) {
            let failed = try await store.failedOrdinals(of: claim.job), owners = claim.manifest.labels.flatMap { label in label.support.map { _ in label.name } }
            var skipped: [SupportReport.Skipped] = []
            for ordinal in failed {
                guard let verdict = try await store.verdicts(of: claim.job, from: ordinal, limit: 1).first?.verdict, let error = verdict.error else { continue }
                skipped.append(.init(image: verdict.image, label: owners[ordinal], error: error))
            }
            let result = TrainingResult(
                job: claim.job.rawValue, manifest: claim.manifest, engine: WorkerProgram.engine, base: outcome.base, model: outcome.model, skipped: skipped,
                report: outcome.report)
            return (try CanonicalJSON.encode(result, pretty: true), skipped.count)
        }
    }
}
