// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor

/// One training of a language model on some classes, and where it stands after whole epochs.
package struct LanguageTraining {
    private let fit: LanguageFit
    private let student: LanguageStudent
    private let sampler: LessonSampler
    private let lessons: LanguageLessons
    /// Vectors of all pictures of the table: [pictures x features].
    private let pictures: Matrix
    /// Of the held-out classes, the same after every epoch.
    private let validation: [LanguageSequence]
    private let anchors: [Matrix]

    package private(set) var parameters: AdapterParameters
    package private(set) var optimizer: AdamW
    package private(set) var epoch = 0

    /// A step is run in so many parts, side by side where there are threads: the sum is the same with any number of them.
    static let parts = 2
    static let beta2 = 0.98

    package init(
        _ fit: LanguageFit, _ table: FeatureTable, kept: [FeatureTable.Class], held: [FeatureTable.Class], space: FeatureSpace, model: LanguageMatrices,
        _ tokenizer: Tokenizer
    ) throws {
        self.fit = fit
        student = LanguageStudent(model)
        let phases = fit.lessons.phases(epochs: fit.epochs), shape = LessonSampler.Shape(ways: fit.ways)
        sampler = try LessonSampler(ClassNeighbours(table, classes: kept), phases: phases, shape: shape)
        pictures = space.embed(table.features(of: Array(0..<table.features.rowCount), taps: space.parts.map(\.tap)))
        let names = InventedNames(tokenizer), classNames = sampler.neighbours.classes.map(\.name)
        let words = names.training.count + names.validation.count
        guard words >= 8 else { throw TrainingError.tooFew(what: "invented words of two tokens", found: words, needed: 8) }
        lessons = LanguageLessons(tokenizer, classes: classNames, names: fit.lessons == .few ? names.training : nil)
        validation = try Self.validation(fit, table, held, LanguageLessons(tokenizer, classes: [], names: names.validation))
        let means = Matrix(kept.map { [pictures] in pictures.gather($0.rows).meanRow() })
        parameters = try AdapterParameters(model, means: means, rank: fit.rank, seed: fit.seed)
        anchors = parameters.zeros.tensors
        optimizer = AdamW(anchors)
        optimizer.beta2 = Self.beta2
    }

    private static func validation(
        _ fit: LanguageFit, _ table: FeatureTable, _ classes: [FeatureTable.Class], _ lessons: LanguageLessons
    ) throws -> [LanguageSequence] {
        let sampler = try LessonSampler(
            ClassNeighbours(table, classes: classes), phases: LinkStrategy.few.phases(epochs: 1), shape: LessonSampler.Shape(ways: fit.ways))
        return (0..<fit.validationLessons).map { number in
            var random = SeededRandom(seed: fit.seed, 0xa11, number)
            return lessons.sequence(sampler.lesson(epoch: 0, number: number, seed: fit.seed), &random)
        }
    }

    package var epochs: Int { sampler.epochs }

    // MARK: - Steps

    /// - Returns: mean loss at questions and share of right answers over the epoch's lessons, each before its step.
    package mutating func runEpoch(_ progress: (TrainingProgress) -> Void) -> (loss: Float, accuracy: Float) {
        let total = sampler.lessonsPerEpoch
        var meter = TrainingProgress(epoch: epoch + 1, lessons: total)
        for first in stride(from: 0, to: total, by: fit.lessonsPerStep) {
            let numbers = first..<min(total, first + fit.lessonsPerStep)
            meter.add(step(numbers), lessons: numbers.count)
            progress(meter)
        }
        epoch += 1
        return (Float(meter.loss), Float(meter.accuracy))
    }

    private mutating func step(_ numbers: Range<Int>) -> (loss: Double, hits: Int, count: Int) {
        let sequences = numbers.map { number in
            var random = SeededRandom(seed: fit.seed, epoch, number, 0x9a3e)
            var sequence = lessons.sequence(sampler.lesson(epoch: epoch, number: number, seed: fit.seed), &random)
            if fit.lessons == .few && random.unit() < fit.blended {
                sequence.blend(with: sampler.neighbours.classes[random.below(sampler.neighbours.classes.count)].rows, &random)
            }
            return sequence
        }
        let outcome = outcome(sequences)
        var gradients = outcome.gradient!.tensors
        let length = gradients.reduce(0.0) { sum, tensor in
            (0..<tensor.rowCount).reduce(sum) { sum, row in tensor.withRow(row) { sum + Double(dotProduct($0, $0)) } }
        }.squareRoot()
        if length > fit.longest {
            for index in gradients.indices { gradients[index] = gradients[index].map { $0 * Float(fit.longest / length) } }
        }
        let rate = rate(step: optimizer.step), paces = anchors.map { AdamW.Pace(rate: rate, decay: fit.decay, anchor: $0) }
        optimizer.update(&parameters.tensors, gradients: gradients, paces: paces)
        return (outcome.questionLoss, outcome.hits, outcome.asked)
    }

    private func rate(step: Int) -> Float {
        let perEpoch = (sampler.lessonsPerEpoch + fit.lessonsPerStep - 1) / fit.lessonsPerStep
        let done = Double(step) / Double(perEpoch * epochs), warm = min(1, Double(step + 1) / Double(fit.warmUp))
        return Float(Double(fit.rate) * warm * (0.5 * (1 + cos(Double.pi * done)) + 0.02))
    }

    /// In parts of about the same length, side by side.
    package func outcome(_ sequences: [LanguageSequence], gradient: Bool = true) -> LanguageStudent.Outcome {
        let counts = LanguageCounts(sequences), parts = Self.parts(sequences)
        var outcomes = [LanguageStudent.Outcome](repeating: .init(), count: parts.count)
        outcomes.withUnsafeMutableBufferPointer { outcomes in
            nonisolated(unsafe) let outcomes = outcomes
            let threads = min(fit.threads, parts.count)
            Threads.run(threads) { thread in
                for index in stride(from: thread, to: parts.count, by: threads) {
                    outcomes[index] = student.outcome(parts[index], pictures: pictures, parameters, counts: counts, gradient: gradient)
                }
            }
        }
        return outcomes.dropFirst().reduce(into: outcomes[0]) { $0.add($1) }
    }

    /// Dealt out longest first, there and back.
    private static func parts(_ sequences: [LanguageSequence]) -> [[LanguageSequence]] {
        let order = sequences.indices.sorted { (sequences[$1].tokens.count, $0) < (sequences[$0].tokens.count, $1) }
        var parts = [[LanguageSequence]](repeating: [], count: min(Self.parts, sequences.count))
        for (turn, index) in order.enumerated() {
            let (round, place) = turn.quotientAndRemainder(dividingBy: parts.count)
            parts[round % 2 == 0 ? place : parts.count - 1 - place].append(sequences[index])
        }
        return parts
    }

    // MARK: - Validation and checkpoints

    package func validated() -> LearningCurve.Point {
        var loss = 0.0, hits = 0, asked = 0
        for first in stride(from: 0, to: validation.count, by: 16) {
            let batch = Array(validation[first..<min(validation.count, first + 16)]), outcome = outcome(batch, gradient: false)
            loss += outcome.questionLoss * Double(batch.count) / Double(validation.count)
            hits += outcome.hits
            asked += outcome.asked
        }
        return LearningCurve.Point(epoch: epoch, validationLoss: Float(loss), validationAccuracy: Float(hits) / Float(max(1, asked)))
    }

    package func checkpoint(_ curve: LearningCurve) -> MetricCheckpoint {
        MetricCheckpoint(stage: .search, epoch: epoch, curve: curve, tensors: parameters.tensors, optimizer: optimizer)
    }

    /// - Throws: ``TrainingError/checkpoint(reason:)`` where it is of a training of another shape.
    package mutating func restore(_ checkpoint: MetricCheckpoint) throws(TrainingError) {
        func shapes(_ tensors: [Matrix]) -> [[Int]] { tensors.map { [$0.rowCount, $0.columnCount] } }
        guard [checkpoint.tensors, checkpoint.optimizer.first, checkpoint.optimizer.second].allSatisfy({ shapes($0) == shapes(anchors) })
        else { throw .checkpoint(reason: "its tensors have other shapes than this training's") }
        parameters.tensors = checkpoint.tensors
        optimizer = checkpoint.optimizer
        optimizer.beta2 = Self.beta2
        epoch = checkpoint.epoch
    }
}

extension LanguageStudent.Outcome {
    fileprivate mutating func add(_ other: LanguageStudent.Outcome) {
        questionLoss += other.questionLoss
        answerLoss += other.answerLoss
        asked += other.asked
        hits += other.hits
        if let more = other.gradient { gradient?.add(more) }
    }
}
