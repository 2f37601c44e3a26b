// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import LCLTensor

/// The metric by gradient: the closed-form space, turned by a square map for each tap that is learned on episodes.
///
/// A first training, on part of the classes, finds after how many epochs the others are told apart best (none at all is a
/// choice too: the closed form). A second, on all classes, runs for just so long.
public struct EpisodicFit: MetricFit {
    public var lessons: LinkStrategy
    public var start = DiscriminantFit()
    public var shape = LessonSampler.Shape(ways: 2, queries: 4)
    /// Of the strategy's first phase; at most, since validation may choose fewer.
    public var epochs = 10
    public var lessonsPerStep = 32
    public var rate: Float = 3e-4
    /// How strongly the maps are drawn back to the identity: see ``AdamW``.
    public var decay: Float = 3
    /// Epochs of the last phase without a better validation loss that end the search.
    public var patience = 5
    /// One class in so many is for validation.
    public var validationEvery = 6
    public var seed: UInt64 = 1
    /// Where to keep checkpoints, and to go on from: one for each training, named by all that determines it.
    public var checkpoints: (any TrainingJournal)?
    /// Told after every step, on the thread that trains.
    public var progress: @Sendable (TrainingProgress) -> Void = { _ in }
    /// Told how the search went, once a training is done.
    public var finished: @Sendable (LearningCurve) -> Void = { _ in }

    public init(_ lessons: LinkStrategy) {
        self.lessons = lessons
    }

    public var strategy: String { lessons.rawValue }

    public func parts(_ table: FeatureTable, classes: [FeatureTable.Class], taps: [String]) throws -> [FeatureSpace.Part] {
        let (parts, curve) = try run(table, classes: classes, taps: taps)
        finished(curve)
        return parts
    }

    /// The space, and how the search for the number of epochs went.
    /// - Throws: ``TrainingError``; `LinearAlgebraError` where the features are not finite.
    public func run(
        _ table: FeatureTable, classes: [FeatureTable.Class], taps: [String]
    ) throws -> (parts: [FeatureSpace.Part], curve: LearningCurve) {
        let classes = classes.filter { $0.rows.count >= 2 }
        let store = checkpoints.map { CheckpointStore(journal: $0, settings: settings(taps), table: table, classes: classes) }
        var saved = try store?.load()
        let (kept, held) = split(classes)
        var curve = saved?.curve ?? LearningCurve()
        if saved?.stage != .all {
            let validation = try Validation(table, classes: held.map(\.originals), shape: shape, seed: seed)
            try search(validation, try MetricTraining(self, table, classes: kept, taps: taps), &curve, from: saved, store)
            saved = nil
        }
        var training = try MetricTraining(self, table, classes: classes, taps: taps)
        if let saved { try training.restore(saved) }
        while training.epoch < curve.bestEpoch {
            _ = training.runEpoch { progress($0.of(curve.bestEpoch, stage: .all)) }
            try store?.save(training.checkpoint(.all, curve))
        }
        return (training.parts, curve)
    }

    /// Runs epochs and validates each, until the phases end or patience does.
    private func search(
        _ validation: Validation, _ fresh: MetricTraining, _ curve: inout LearningCurve, from saved: MetricCheckpoint?,
        _ store: CheckpointStore?
    ) throws {
        var training = fresh
        if let saved { try training.restore(saved) } else { curve.points = [try validation.point(training.space, epoch: 0)] }
        let phases = lessons.phases(epochs: epochs), last = phases.reduce(0) { $0 + $1.epochs }
        let lastBegins = last - phases.last!.epochs
        while training.epoch < last, training.epoch - max(curve.bestEpoch, lastBegins) < patience {
            let (loss, accuracy) = training.runEpoch { progress($0.of(last, stage: .search, curve)) }
            var point = try validation.point(training.space, epoch: training.epoch)
            (point.loss, point.accuracy) = (loss, accuracy)
            curve.points.append(point)
            try store?.save(training.checkpoint(.search, curve))
        }
    }

    /// All that determines a result beside the pictures.
    private func settings(_ taps: [String]) -> String {
        "\(lessons.phases(epochs: epochs)) \(start) \(shape) \(epochs) \(lessonsPerStep) \(rate) \(decay) \(patience) \(validationEvery) \(seed) \(taps)\n"
    }

    package func split(_ classes: [FeatureTable.Class]) -> (kept: [FeatureTable.Class], held: [FeatureTable.Class]) {
        Self.split(classes, every: validationEvery, seed: seed, fewest: EpisodeSampler.fewestPictures)
    }

    /// Every source gives one class in `every` to validation, by lot of those that have `fewest` pictures, and at most half of these.
    package static func split(
        _ classes: [FeatureTable.Class], every: Int, seed: UInt64, fewest: Int = 0
    ) -> (kept: [FeatureTable.Class], held: [FeatureTable.Class]) {
        var random = SeededRandom(seed: seed, 0x5e1ec7)
        var held: Set<FeatureTable.Class> = []
        for source in Set(classes.map(\.source)).sorted() {
            let own = classes.filter { $0.source == source }, eligible = own.filter { $0.originals.rows.count >= fewest }
            held.formUnion(random.sample(min(own.count / every, (eligible.count + 1) / 2), of: eligible))
        }
        return (classes.filter { !held.contains($0) }, classes.filter { held.contains($0) })
    }
}
