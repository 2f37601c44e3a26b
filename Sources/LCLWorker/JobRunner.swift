// SPDX-License-Identifier: Apache-2.0
import LCLDigest
import LCLImage
import LCLJob
import LCLLink
import LCLTensor

/// The engine's way through a job, whoever asks: supports are read and linked once, then queries are answered in batches.
///
/// One for each thread. Answers depend on the job and the model alone, not on batches, slices, threads or caches.
public final class JobRunner {
    public static let batch = FeatureReader.batch

    /// Verdicts in one message at most.
    private static let messageSize = 256

    private let reader: FeatureReader

    /// - Parameter cached: pictures whose features are kept, about 7 kB each.
    public init(model: LinkModel, limits: ImageLimits = ImageLimits(), cached: Int = 2048) {
        reader = FeatureReader(model: model, limits: limits, cached: cached)
    }

    /// A job whose supports are linked. `Sendable`: several threads may answer queries of one job.
    public struct LinkedJob: Sendable {
        public let manifest: Manifest
        public let linked: Linked
        let support: LinkedSupport
        /// The supports that could be used, as the link model numbers them.
        let used: [Support]
    }

    struct Support: Sendable {
        var image: String
        /// Number of its label in the manifest.
        var label: Int
    }

    /// Reads and links the job's supports.
    /// - Parameter alive: called before every batch of supports.
    /// - Throws: ``Failure``: `support.empty`, `support.conflict`, `method.unsupported`.
    public func link(_ manifest: Manifest, from source: some PictureSource, alive: () throws -> Void = {}) throws -> LinkedJob {
        let supports = manifest.labels.enumerated().flatMap { i, label in label.support.map { Support(image: $0, label: i) } }
        var used: [Support] = [], skipped: [SupportReport.Skipped] = [], features: [Float] = []
        var owners: [SHA256.Digest: Support] = [:]
        for batch in supports.batches(of: Self.batch) {
            try alive()
            for (support, picture) in zip(batch, reader.read(batch.map(\.image), from: source)) {
                let label = manifest.labels[support.label].name
                if let digest = picture.digest, let owner = owners.updateValue(support, forKey: digest), owner.label != support.label {
                    throw Failure.conflict(support.image, label, owner.image, manifest.labels[owner.label].name)
                }
                switch picture.features {
                case .success(let row):
                    used.append(support)
                    features += row
                case .failure(let failure): skipped.append(.init(image: support.image, label: label, error: failure))
                }
            }
        }
        for (i, label) in manifest.labels.enumerated() where !used.contains(where: { $0.label == i }) {
            throw Failure.empty(label.name, skipped.first { $0.label == label.name }?.error)
        }
        let matrix = Matrix(rows: used.count, columns: reader.model.featureWidth, features)
        let set = try SupportSet(features: matrix, labels: used.map(\.label), ways: manifest.labels.count)
        return try link(set, used: used, skipped: skipped, manifest: manifest)
    }

    private func link(
        _ set: SupportSet, used: [Support], skipped: [SupportReport.Skipped], manifest: Manifest
    ) throws -> LinkedJob {
        let support = try linked(set, by: manifest.method, unknown: UnknownRule(manifest.options.unknown))
        let suspects = support.check.suspects.map {
            SupportReport.Suspect(
                image: used[$0.support].image, label: manifest.labels[used[$0.support].label].name,
                looksLike: manifest.labels[$0.looksLike].name, confidence: $0.confidence)
        }
        let report = SupportReport(
            images: used.count, leaveOneOutAccuracy: support.check.leaveOneOutAccuracy, suspects: suspects, skipped: skipped)
        let identity = JobResult.ModelIdentity(name: reader.model.name, sha256: reader.model.sha256)
        return LinkedJob(manifest: manifest, linked: Linked(support: report, model: identity), support: support, used: used)
    }

    private func linked(_ set: SupportSet, by method: Manifest.Method, unknown: UnknownRule) throws -> LinkedSupport {
        do {
            return try reader.model.link(set, method: LinkModel.Method(method), unknown: unknown)
        } catch {
            guard case LinkError.method = error else { throw error }
            throw Failure(
                .methodUnsupported, "model '\(reader.model.name)' cannot answer by '\(method.rawValue)'; leave the method out to use its best",
                subject: "$.method")
        }
    }

    /// Answers `queries`, batch by batch; a transductive job's all at once, so `queries` must be all that it has.
    /// - Parameters:
    ///   - began: called with the ordinals of each batch before it is looked at.
    ///   - emit: called with the verdicts as they come.
    public func answer(
        _ queries: [Numbered<Manifest.Query>], of job: LinkedJob, from source: some PictureSource, batch: Int = JobRunner.batch,
        began: ([Int]) throws -> Void = { _ in }, emit: ([Numbered<Verdict>]) throws -> Void
    ) throws {
        let transductive = job.manifest.options.transductive
        var all: [FeatureReader.Picture] = []
        for part in queries.batches(of: min(max(batch, 1), Self.batch)) {
            try began(part.map(\.ordinal))
            let pictures = reader.read(part.map(\.value.image), from: source)
            if transductive { all += pictures } else { try emit(verdicts(part, pictures, job)) }
        }
        if transductive {
            for part in verdicts(queries[...], all, job).batches(of: Self.messageSize) { try emit(Array(part)) }
        }
    }

    private func verdicts(
        _ queries: ArraySlice<Numbered<Manifest.Query>>, _ pictures: [FeatureReader.Picture], _ job: LinkedJob
    ) -> [Numbered<Verdict>] {
        let readable = pictures.compactMap { try? $0.features.get() }
        let matrix = Matrix(rows: readable.count, columns: reader.model.featureWidth, readable.flatMap { $0 })
        var answers = job.support.answer(matrix, transductive: job.manifest.options.transductive)[...]
        return zip(queries, pictures).map { query, picture in
            let outcome = picture.features.map { _ in Answer(answers.removeFirst(), of: job) }
            let verdict = Verdict(id: query.value.id, image: query.value.image, sha256: picture.digest?.hex, outcome: outcome)
            return Numbered(ordinal: query.ordinal, value: verdict)
        }
    }
}

extension RandomAccessCollection where Index == Int {
    /// Consecutive parts of `size` elements; the last may be shorter.
    func batches(of size: Int) -> some Sequence<SubSequence> {
        stride(from: startIndex, to: endIndex, by: size).lazy.map { self[$0..<Swift.min($0 + size, self.endIndex)] }
    }
}
