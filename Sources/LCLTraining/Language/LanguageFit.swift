// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import LCLTensor

/// Teaches a language model to see and to link: a projector of pictures and low-rank adapters, by gradient on a strategy's lessons
/// (Tai et al., arXiv 2308.07891). Held-out classes under held-out names tell after each epoch how well it goes; the best state is kept.
///
/// The same input and seed give the same bits, with any number of threads and however often it is interrupted.
public struct LanguageFit: Sendable {
    public var lessons: LinkStrategy
    /// Of the strategy's first phase.
    public var epochs = 16
    /// Of the adapters; a multiple of 8.
    public var rank = 8
    public var ways = 2
    public var lessonsPerStep = 8
    /// Highest rate: reached over ``warmUp`` steps, then falling by a cosine to a fiftieth.
    public var rate: Float = 1e-3
    public var warmUp = 30
    public var decay: Float = 0.01
    /// Share of the lessons of `2way-few` whose pictures are blended with another class's, drawn from all that are trained on, which makes new classes of those that there are.
    public var blended = 0.5
    /// Longest gradient; a longer one is shortened.
    public var longest = 1.0
    /// Epochs without a better validation loss that end the training.
    public var patience = 8
    /// One class in so many is for validation.
    public var validationEvery = 6
    public var validationLessons = 160
    public var seed: UInt64 = 1
    public var threads = 1
    /// Where to keep checkpoints, and to go on from.
    public var checkpoints: (any TrainingJournal)?
    /// Told after every step, on the thread that trains.
    public var progress: @Sendable (TrainingProgress) -> Void = { _ in }
    /// Told how it went, once it is done.
    public var finished: @Sendable (LearningCurve) -> Void = { _ in }

    public init(_ lessons: LinkStrategy) { self.lessons = lessons }

    /// What was learned, and what it is to be used with.
    public struct Learned: Sendable {
        package let parameters: AdapterParameters
        package let space: FeatureSpace

        package init(parameters: AdapterParameters, space: FeatureSpace) { (self.parameters, self.space) = (parameters, space) }
    }

    /// - Parameters:
    ///   - space: in which the language model sees the pictures.
    ///   - identity: of the language model's file, so that a checkpoint of another is not gone on from.
    /// - Throws: ``TrainingError``; `LinearAlgebraError` where the features are not finite.
    public func run(
        _ table: FeatureTable, space: FeatureSpace, model: LanguageMatrices, tokenizer: Tokenizer, identity: String
    ) throws -> (learned: Learned, curve: LearningCurve) {
        let (kept, held) = EpisodicFit.split(table.classes.filter { $0.rows.count >= 2 }, every: validationEvery, seed: seed)
        let store = checkpoints.map { CheckpointStore(journal: $0, settings: settings(identity), table: table, classes: kept + held) }
        var training = try LanguageTraining(self, table, kept: kept, held: held.map(\.originals), space: space, model: model, tokenizer)
        var curve = LearningCurve(), best = training.parameters
        if let saved = try store?.load() {
            if let kept = try store?.ofBest.load() {
                try training.restore(kept)
                best = training.parameters
            }
            try training.restore(saved)
            curve = saved.curve
        } else {
            curve.points = [training.validated()]
        }
        let epochs = training.epochs
        while training.epoch < epochs, training.epoch - curve.bestEpoch < patience {
            let (loss, accuracy) = training.runEpoch { [curve] in progress($0.of(epochs, stage: .search, curve)) }
            var point = training.validated()
            (point.loss, point.accuracy) = (loss, accuracy)
            curve.points.append(point)
            if curve.bestEpoch == training.epoch {
                best = training.parameters
                try store?.ofBest.save(training.checkpoint(curve))
            }
            try store?.save(training.checkpoint(curve))
        }
        finished(curve)
        return (Learned(parameters: best, space: space), curve)
    }

    /// All that determines a result beside the pictures.
    private func settings(_ identity: String) -> String {
        "mllm \(identity) \(lessons) \(lessons.phases(epochs: epochs)) \(rank) \(ways) \(lessonsPerStep) \(rate) \(warmUp) \(decay) \(longest) \(blended) \(patience) \(validationEvery) "
            + "\(validationLessons) \(seed)\n"
    }
}
