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
    /// Queries looked at together at most.
    public static let batch = 32

    /// Verdicts in one message at most.
    private static let messageSize = 256

    let model: any LoadedModel
    private let reader: FeatureReader

    /// - Parameter cached: floats of pictures' features that are kept.
    public init(model: any LoadedModel, limits: ImageLimits = ImageLimits(), cached: Int = 1 << 22) {
        self.model = model
        reader = FeatureReader(encoder: model.encoder(limits: limits), limits: limits, cached: cached)
    }

    /// Whether this one uses all threads by itself.
    var isParallel: Bool { model.isParallel }

    /// A job whose supports are linked. `Sendable`: several threads may answer queries of one job.
    public struct LinkedJob: Sendable {
        public let manifest: Manifest
        public let linked: Linked
        let support: any LinkedModel
        /// The supports that could be used, as the model numbers them.
        let used: [SupportPictures.Used]
    }

    /// Reads and links the job's supports.
    /// - Parameters:
    ///   - together: queries that will be answered together, where the job is transductive.
    ///   - alive: called now and then: reading and linking may take long.
    /// - Throws: ``Failure``: `support.empty`, `support.conflict`, `support.too_large`, `method.unsupported`, `model.damaged`.
    public func link(_ manifest: Manifest, from source: some PictureSource, together: Int, alive: () throws -> Void = {}) throws -> LinkedJob {
        let options = LinkOptions(manifest.options), method = manifest.method == .link ? nil : manifest.method.rawValue
        try check(manifest)
        try Failure.told(of: model.name) {
            try model.admit(
                manifest.labels.map(\.name), shots: manifest.labels.map(\.support.count), together: manifest.options.transductive ? together : Self.batch,
                by: method, options: options)
        }
        let supports = try SupportPictures(of: manifest, by: reader, from: source, alive: alive)
        let support = try Failure.told(of: model.name) {
            try model.link(supports.pictures, by: method, options: options, alive: alive)
        }
        let linked = Linked(
            support: SupportReport(support.check, of: supports, manifest), model: .init(name: model.name, sha256: model.sha256),
            method: manifest.method.resolved(by: model), conversation: support.conversation.map(ConversationReport.init))
        return LinkedJob(manifest: manifest, linked: linked, support: support, used: supports.used)
    }

    private func check(_ manifest: Manifest) throws(Failure) {
        let method = manifest.method.resolved(by: model)
        guard model.methods.contains(method.rawValue) else {
            throw Failure(
                .methodUnsupported,
                "model '\(model.name)' cannot answer by '\(method.rawValue)', but by \(model.methods.joined(separator: ", ")); leave the method out to use its best",
                subject: "$.method")
        }
        guard method != .mllm || !manifest.options.transductive else {
            throw Failure(
                .methodUnsupported, "'mllm' asks each query by itself, so 'transductive' has no meaning; leave it out", subject: "$.options.transductive")
        }
    }

    /// Answers `queries`, batch by batch; a transductive job's all at once, so `queries` must be all that it has.
    /// - Parameters:
    ///   - began: called with the ordinals of each batch before it is looked at, and now and then while it is.
    ///   - emit: called with the verdicts as they come.
    /// - Throws: ``Failure`` `model.damaged`; what is thrown by those two.
    public func answer(
        _ queries: [Numbered<Manifest.Query>], of job: LinkedJob, from source: some PictureSource, batch: Int = JobRunner.batch,
        began: ([Int]) throws -> Void = { _ in }, emit: ([Numbered<Verdict>]) throws -> Void
    ) throws {
        let transductive = job.manifest.options.transductive
        var all: [FeatureReader.Picture] = []
        for part in queries.batches(of: min(max(batch, 1), reader.batch)) {
            func alive() throws { try began(part.map(\.ordinal)) }
            let pictures = try reader.read(part.map(\.value.image), from: source, alive: alive)
            if transductive { all += pictures } else { try emit(verdicts(part, pictures, job, alive)) }
        }
        if transductive {
            // No one picture is to blame for what happens from now on.
            try began([])
            for part in try verdicts(queries[...], all, job, { try began([]) }).batches(of: Self.messageSize) { try emit(Array(part)) }
        }
    }

    private func verdicts(
        _ queries: ArraySlice<Numbered<Manifest.Query>>, _ pictures: [FeatureReader.Picture], _ job: LinkedJob, _ alive: () throws -> Void
    ) throws -> [Numbered<Verdict>] {
        let readable = pictures.compactMap { try? $0.features.get() }
        var answers = try Failure.told(of: model.name) {
            try job.support.answer(readable, transductive: job.manifest.options.transductive, alive: alive)
        }[...]
        return zip(queries, pictures).map { query, picture in
            let outcome = picture.features.flatMap { _ in
                answers.removeFirst().map { .success(Answer($0, of: job)) } ?? .failure(.noRoom(for: query.value.image))
            }
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
