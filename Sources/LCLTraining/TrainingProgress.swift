// SPDX-License-Identifier: Apache-2.0

/// How far a training is, for a line on a terminal.
public struct TrainingProgress: Sendable {
    public enum Stage: String, Sendable {
        /// Finding the number of epochs on part of the classes.
        case search
        /// All classes, for that many epochs.
        case all
    }

    public private(set) var stage = Stage.search
    /// The epoch at work, from 1.
    public let epoch: Int
    public private(set) var epochs = 0
    /// Lessons done in this epoch, and all of it.
    public private(set) var done = 0
    public let lessons: Int
    /// Over this epoch so far: mean cross-entropy, and share of right answers.
    public var loss: Double { lossSum / Double(max(1, asked)) }
    public var accuracy: Double { Double(hits) / Double(max(1, asked)) }
    /// Of the epoch before, where there is validation.
    public private(set) var validation: LearningCurve.Point?

    private var lossSum = 0.0, hits = 0, asked = 0
    private let began = ContinuousClock.now

    init(epoch: Int, lessons: Int) {
        self.epoch = epoch
        self.lessons = lessons
    }

    /// Lessons a second in this epoch.
    public var rate: Double {
        let elapsed = began.duration(to: .now) / .seconds(1)
        return elapsed > 0 ? Double(done) / elapsed : 0
    }

    /// Seconds until the stage ends at this rate; it may end earlier.
    public var secondsLeft: Double {
        let left = (epochs - epoch) * lessons + lessons - done
        return rate > 0 ? Double(left) / rate : 0
    }

    mutating func add(_ step: (loss: Double, hits: Int, count: Int), lessons: Int) {
        lossSum += step.loss * Double(step.count)
        hits += step.hits
        asked += step.count
        done += lessons
    }

    func of(_ epochs: Int, stage: Stage, _ curve: LearningCurve? = nil) -> TrainingProgress {
        var copy = self
        (copy.epochs, copy.stage, copy.validation) = (epochs, stage, curve?.points.last)
        return copy
    }
}
