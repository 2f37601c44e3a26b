// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDigest
import LCLImage
import LCLJob
import LCLLink
import LCLModel
import LCLTensor
import LCLTraining

/// The engine's way through a training: pictures are encoded slice by slice, and one fit learns from all of them. One for each thread.
final class TrainingRunner {
    let base: ModelDirectory
    private let encoder: VisionEncoder
    private let reader: FeatureReader

    /// - Throws: ``Failure``: `method.unsupported` where the model has no encoder of features, `internal` where it is damaged.
    init(base: ModelDirectory, limits: ImageLimits) throws {
        guard base.card.encoder != nil else {
            throw Failure(.methodUnsupported, "model '\(base.card.name)' is a language model, from which no metric is trained; name another", subject: "$.model")
        }
        self.base = base
        do {
            let (network, taps) = try base.loadEncoder()
            // Also the tap by which similar labels are found.
            encoder = VisionEncoder(network: network, taps: FeatureEncoder(network: network, encoder: "", taps: taps).taps)
        } catch {
            throw Failure(.modelDamaged, "model '\(base.card.name)' cannot be used: \(error); `lcl model verify` checks it", subject: "$.model")
        }
        // Nothing but duplicates profits from the cache here, so it is small.
        reader = FeatureReader(encoder: FeaturePictureEncoder(encoder, limits: limits), limits: limits, cached: 1 << 18)
    }

    /// What is said of a training's pictures as of supports: by which model.
    var linked: Linked {
        Linked(
            support: SupportReport(images: 0, leaveOneOutAccuracy: nil, suspects: [], skipped: []),
            model: .init(name: base.card.name, sha256: base.identity), method: .metric)
    }

    /// - Parameters:
    ///   - began: called with the ordinals of each batch before each of its pictures.
    ///   - emit: called with what became of it.
    func encode(
        _ pictures: [Numbered<Manifest.Query>], from source: some PictureSource, batch: Int, began: ([Int]) throws -> Void,
        emit: ([Numbered<EncodedPicture>]) throws -> Void
    ) throws {
        for part in pictures.batches(of: min(max(batch, 1), reader.batch)) {
            let read = try reader.read(part.map(\.value.image), from: source, alive: { try began(part.map(\.ordinal)) })
            try emit(zip(part, read).map { Numbered(ordinal: $0.ordinal, value: EncodedPicture($0.value, $1)) })
        }
    }

    /// - Parameter memory: bytes that features may take, with what learning makes of them.
    /// - Throws: ``Failure``: `training.too_few`, `support.too_large`, `internal`; what the conversation throws.
    func fit(_ request: WorkerRequest.Fitting, from source: some PictureSource, memory: Int, _ conversation: FitConversation) throws -> (link: LinkFile, report: TrainingReport) {
        try Self.checkLabels(of: request)
        let table = try table(request, from: source, memory: memory), training = request.training
        let lesson = TrainingLesson(training, conversation)
        var trainer = LinkTrainer()
        trainer.fit = lesson.fit
        trainer.seed = training.seed
        trainer.journal = conversation
        trainer.settings = "\(Engine.version) \(base.identity) \(training.epochs ?? 0)"
        let looks = table.closerTaps.isEmpty ? 1.0 : 2
        conversation.folds *= looks
        let outcome: LinkTrainer.Outcome, closer: (link: LinkFile.Closer, outcome: LinkTrainer.Outcome)?
        do {
            trainer.rival = try rival { $0.closer?.linking }
            trainer.progress = { conversation.begin(at: $0 / looks) }
            closer = try trainer.trainCloser(table, classes: table.classes)
            trainer.rival = try rival { $0.methods.contains(.metric) ? $0.linking(.metric) : nil }
            trainer.progress = { conversation.begin(at: 1 - (1 - $0) / looks) }
            outcome = try trainer.train(table, classes: table.classes, taps: base.encoder().taps)
        } catch let error as TrainingError {
            guard error.isOfThePictures else { throw error }
            throw Failure(.trainingTooFew, "\(error)", subject: "$.labels")
        } catch let error as LinearAlgebraError {
            throw Failure.damaged(base.card.name, "\(error)")
        }
        let link = LinkFile(
            parts: outcome.parts, cohort: outcome.cohort, calibrations: outcome.calibrations, closer: closer?.link, training: try origin(of: table, training))
        return (link, TrainingReport(metric: closer.flatMap { table.isSure ? $0.outcome : nil } ?? outcome, outcome, lesson.curve))
    }

    private func origin(of table: FeatureTable, _ training: Manifest.Training) throws -> LinkFile.Training {
        LinkFile.Training(
            strategy: training.strategy.rawValue, engine: Engine.version, encoder: base.card.encoderDigest ?? "",
            classes: table.classes.count, pictures: table.features.rowCount, shrinkage: DiscriminantFit().shrinkage,
            provenance: ["learned in lcld from the base model \(base.card.name), \(base.identity)"])
    }

    /// The base model's learned metric, where it has one.
    private func rival(_ look: (LinkFile) -> (any LinkMethod)?) throws -> (any LinkMethod)? {
        try base.card.link.flatMap { look(try LinkFile(gguf: base.open($0.file))) }
    }

    /// Before a feature is read: there may be none.
    private static func checkLabels(of request: WorkerRequest.Fitting) throws(Failure) {
        let unusable = Set(request.unusable), needed = request.training.strategy.fewestLabels
        var first = 0, good = 0
        for label in request.labels {
            let used = (first..<first + label.pictures).count { !unusable.contains($0) }
            if used >= Manifest.Training.fewestPictures { good += 1 }
            first += label.pictures
        }
        guard good >= needed else { throw .tooFewToLearn(labels: good, needed: needed, request.training.strategy) }
    }

    /// The features of every usable picture.
    private func table(_ request: WorkerRequest.Fitting, from source: some PictureSource, memory: Int) throws -> FeatureTable {
        let pictures = request.labels.reduce(0) { $0 + $1.pictures }, unusable = Set(request.unusable)
        let used = pictures - unusable.count, width = encoder.dimension
        // The file, the table, and about as much twice for gathered rows and points.
        let needed = used.multipliedReportingOverflow(by: 16 * width)
        guard !needed.overflow, needed.partialValue <= memory else {
            throw Failure(
                .supportTooLarge, "\(used) pictures of \(width) numbers each need about \(needed.partialValue >> 20) MiB to learn from; a worker has \(memory >> 20): leave pictures out, or raise workers.memory",
                subject: "$.labels")
        }
        let file = try source.read("features", upTo: .max)
        return try file.withUnsafeBytes { file in
            var features = Matrix(rows: used, columns: width), classes: [FeatureTable.Class] = [], ordinal = 0, row = 0
            for label in request.labels {
                let first = row
                for ordinal in ordinal..<ordinal + label.pictures where !unusable.contains(ordinal) {
                    guard let values = FeatureRow.open(file, ordinal: ordinal, width: width) else { throw Failure.damagedFeatures(ordinal) }
                    features.withMutableRow(row) { for (column, value) in values.enumerated() { $0[column] = value } }
                    row += 1
                }
                ordinal += label.pictures
                if row > first { classes.append(FeatureTable.Class(source: "", name: label.name, rows: Array(first..<row))) }
            }
            return FeatureTable(taps: encoder.taps.map(\.description), widths: encoder.columns.map(\.count), features: features, classes: classes)
        }
    }
}

extension EncodedPicture {
    fileprivate init(_ query: Manifest.Query, _ picture: FeatureReader.Picture) {
        var verdict = Verdict(id: query.id, image: query.image, sha256: picture.digest?.hex)
        switch picture.features {
        case .success(let features): self.init(verdict: verdict, features: features.row(0).withUnsafeBytes { Data($0) })
        case .failure(let failure):
            verdict.error = failure
            self.init(verdict: verdict, features: nil)
        }
    }
}

extension TrainingError {
    /// Whether other pictures would mend it.
    fileprivate var isOfThePictures: Bool {
        switch self {
        case .tooFew, .alike: true
        default: false
        }
    }
}

extension Failure {
    fileprivate static func damagedFeatures(_ ordinal: Int) -> Failure {
        Failure(.internal, "the features that were kept of picture \(ordinal) are damaged; submit the job again, and check the disk")
    }
}

extension TrainingReport {
    /// - Parameter metric: of the look that most of the pictures ask for.
    fileprivate init(metric: LinkTrainer.Outcome, _ outcome: LinkTrainer.Outcome, _ curve: LearningCurve?) {
        let points = curve?.points.map {
            TrainingResult.Curve.Point(
                epoch: $0.epoch, loss: $0.loss.map(Double.init), accuracy: $0.accuracy.map(Double.init), validationLoss: Double($0.validationLoss),
                validationAccuracy: Double($0.validationAccuracy))
        }
        self.init(
            validation: .init(
                episodes: metric.episodes, accuracy: metric.accuracies[.metric] ?? 0, baseAccuracy: metric.rivalAccuracy,
                plainAccuracy: outcome.accuracies[.prototype] ?? 0),
            curve: points.map { .init(bestEpoch: curve?.bestEpoch ?? 0, points: $0) })
    }
}
