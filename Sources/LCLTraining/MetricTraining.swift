// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import LCLTensor

/// One training of a metric on some classes: what it learns from, and where it stands after whole epochs.
package struct MetricTraining {
    private let fit: EpisodicFit
    package let sampler: LessonSampler
    /// The closed-form space.
    private let start: [FeatureSpace.Part]
    /// Of each tap, the classes' pictures in the closed-form space at length 1: [pictures x outputs].
    private let inputs: [Matrix]
    /// The row of ``inputs`` of each row of the table.
    private let place: [Int: Int]
    private let paces: [AdamW.Pace]

    package private(set) var parameters: MetricParameters
    package private(set) var optimizer: AdamW
    package private(set) var epoch = 0

    /// Temperature of the first step; its logarithm learns at this rate.
    static let temperature: Float = 15, temperatureRate: Float = 0.01

    package init(_ fit: EpisodicFit, _ table: FeatureTable, classes: [FeatureTable.Class], taps: [String]) throws {
        self.fit = fit
        let phases = fit.lessons.phases(epochs: fit.epochs)
        sampler = try LessonSampler(ClassNeighbours(table, classes: classes), phases: phases, shape: fit.shape)
        start = try fit.start.parts(table, classes: classes, taps: taps)
        let rows = sampler.neighbours.classes.flatMap(\.rows)
        place = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
        inputs = start.map { FeatureSpace([$0]).embed(table.tap($0.tap).gather(rows)) }
        let isMixed = phases.contains { $0.original > 0 }
        parameters = MetricParameters(
            widths: inputs.map(\.columnCount), temperature: Self.temperature,
            classVectors: isMixed ? Self.classMeans(inputs, sampler.neighbours.classes) : [])
        optimizer = AdamW(parameters.tensors)
        paces = Self.paces(parameters, fit)
    }

    /// Of each tap: [classes x outputs]; the rows of `inputs` are the classes' in order.
    private static func classMeans(_ inputs: [Matrix], _ classes: [FeatureTable.Class]) -> [Matrix] {
        inputs.map { rows in
            var start = 0
            return Matrix(classes.map { group in
                defer { start += group.rows.count }
                return rows.rows(start..<start + group.rows.count).meanRow()
            })
        }
    }

    private static func paces(_ parameters: MetricParameters, _ fit: EpisodicFit) -> [AdamW.Pace] {
        parameters.maps.map { AdamW.Pace(rate: fit.rate, decay: fit.decay, anchor: $0) } + [AdamW.Pace(rate: temperatureRate)]
            + parameters.classVectors.map { _ in AdamW.Pace(rate: fit.rate) }
    }

    /// The learned space.
    package var parts: [FeatureSpace.Part] {
        zip(start, parameters.maps).map { FeatureSpace.Part(tap: $0.tap, mean: $0.mean, map: $1 * $0.map!) }
    }

    package var space: FeatureSpace { FeatureSpace(parts) }

    /// - Returns: mean loss and share of right answers over the epoch's lessons, each before its step.
    package mutating func runEpoch(_ progress: (TrainingProgress) -> Void) -> (loss: Float, accuracy: Float) {
        let total = sampler.lessonsPerEpoch
        var meter = TrainingProgress(epoch: epoch + 1, lessons: total)
        for first in stride(from: 0, to: total, by: fit.lessonsPerStep) {
            let numbers = first..<min(total, first + fit.lessonsPerStep)
            meter.add(step(numbers.map { sampler.lesson(epoch: epoch, number: $0, seed: fit.seed) }), lessons: numbers.count)
            progress(meter)
        }
        epoch += 1
        return (Float(meter.loss), Float(meter.accuracy))
    }

    private mutating func step(_ lessons: [Lesson]) -> (loss: Double, hits: Int, count: Int) {
        let batch = MetricBatch(lessons), outcome = outcome(of: batch)
        optimizer.update(&parameters.tensors, gradients: outcome.gradient.tensors, paces: paces)
        return (outcome.loss, outcome.hits, batch.count)
    }

    package func outcome(of batch: MetricBatch) -> MetricLoss {
        let rows = batch.rows.map { place[$0]! }
        return MetricLoss(batch, inputs: inputs.map { $0.gather(rows) }, parameters: parameters)
    }

    // MARK: - Checkpoints

    package func checkpoint(_ stage: MetricCheckpoint.Stage, _ curve: LearningCurve) -> MetricCheckpoint {
        MetricCheckpoint(stage: stage, epoch: epoch, curve: curve, tensors: parameters.tensors, optimizer: optimizer)
    }

    /// - Throws: ``TrainingError/checkpoint(reason:)`` where it is of a training of another shape.
    package mutating func restore(_ checkpoint: MetricCheckpoint) throws(TrainingError) {
        func shapes(_ tensors: [Matrix]) -> [[Int]] { tensors.map { [$0.rowCount, $0.columnCount] } }
        let expected = shapes(parameters.tensors)
        guard [checkpoint.tensors, checkpoint.optimizer.first, checkpoint.optimizer.second].allSatisfy({ shapes($0) == expected })
        else { throw .checkpoint(reason: "its tensors have other shapes than this training's") }
        parameters.tensors = checkpoint.tensors
        optimizer = checkpoint.optimizer
        epoch = checkpoint.epoch
    }
}
