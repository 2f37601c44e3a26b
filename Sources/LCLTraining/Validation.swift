// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor

/// Episodes of classes that are not trained on: the same ones after every epoch.
struct Validation {
    let table: FeatureTable
    let classes: [FeatureTable.Class]
    let sampler: EpisodeSampler
    let shape: LessonSampler.Shape
    let seed: UInt64

    static let episodes = 400

    init(_ table: FeatureTable, classes: [FeatureTable.Class], shape: LessonSampler.Shape, seed: UInt64) throws(TrainingError) {
        self.table = table
        self.classes = classes
        self.shape = shape
        self.seed = seed
        let mean = table.tap(EpisodeSampler.miningTap).gather(classes.flatMap(\.rows))
        guard mean.rowCount > 0 else { throw .tooFew(what: "classes to validate on", found: 0, needed: shape.ways) }
        sampler = EpisodeSampler(table, classes: classes, mean: mean.meanRow())
        var random = SeededRandom(seed: seed)
        guard sampler.episode(EpisodeSampler.Shape(ways: shape.ways), &random) != nil else {
            throw .tooFew(
                what: "validation classes of \(EpisodeSampler.fewestPictures) pictures (one class in six is for validation)",
                found: classes.count, needed: shape.ways)
        }
    }

    /// The loss is taken at its best temperature, so that it measures the space alone.
    func point(_ space: FeatureSpace, epoch: Int) throws -> LearningCurve.Point {
        let stage = Stage(table, classes: classes, method: NearestMean(space: space), sampler: sampler)
        let trials = try [1, 4].flatMap { shots in
            var random = SeededRandom(seed: seed, shots)
            return try stage.trials(
                EpisodeSampler.Shape(ways: shape.ways, shots: shots, queries: [1]), count: Self.episodes, &random)
        }
        let hits = trials.flatMap(\.hits)
        return LearningCurve.Point(
            epoch: epoch, validationLoss: Float(Self.loss(trials, temperature: CalibrationFit.temperature(trials))),
            validationAccuracy: Float(hits.count { $0 }) / Float(max(1, hits.count)))
    }

    /// Mean cross-entropy of the queries' answers.
    private static func loss(_ trials: [Trial], temperature: Double) -> Double {
        var sum = 0.0, count = 0
        for trial in trials {
            for case (let logits, let truth?) in zip(trial.logits, trial.truths) {
                let best = logits.max()!
                sum += log(logits.reduce(0) { $0 + exp(temperature * ($1 - best)) }) + temperature * (best - logits[truth])
                count += 1
            }
        }
        return sum / Double(max(1, count))
    }
}
