// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLTraining

/// How a metric is learned: what `lcl train` and `lcl eval` share.
struct FitOptions: ParsableArguments {
    enum Strategy: String, CaseIterable, ExpressibleByArgument {
        case lda
        case twoWay = "2way"
        case twoWayRandom = "2way-random"
        case twoWayWeight = "2way-weight"
        case mix
    }

    @Option(help: "How to learn the metric: lda in closed form, or by gradient on episodes.")
    var strategy = Strategy.lda

    @Option(help: "Share of the identity in the within-class covariance, above 0 and at most 1.")
    var shrinkage: Float = 0.3

    @Option(help: "Most directions to keep of each feature; 0 keeps all.")
    var outputs = 384

    @Option(help: "Epochs of a strategy's first phase, at most (an epoch has as many episodes as there are classes).")
    var epochs = 10

    @Option(help: "Learning rate.")
    var rate: Float = 3e-4

    @Option(help: "Folder to keep checkpoints in: the same command goes on where it was interrupted, to the same result.")
    var checkpoints: String?

    func validate() throws {
        guard shrinkage > 0, shrinkage <= 1 else { throw ValidationError("--shrinkage must be above 0 and at most 1") }
        guard outputs >= 0 else { throw ValidationError("--outputs must not be negative") }
        guard (1...1000).contains(epochs) else { throw ValidationError("--epochs must be from 1 to 1000") }
        guard rate > 0, rate < 1 else { throw ValidationError("--rate must be above 0 and below 1") }
    }

    /// - Parameter curve: where to draw the learning curve.
    func fit(shape: LessonSampler.Shape = .init(ways: 2, queries: 4), seed: UInt64, curve: String? = nil) throws -> any MetricFit {
        var closed = DiscriminantFit()
        closed.shrinkage = shrinkage
        closed.outputs = outputs == 0 ? nil : outputs
        guard let lessons = LinkStrategy(rawValue: strategy.rawValue) else { return closed }
        var fit = EpisodicFit(lessons)
        fit.start = closed
        fit.shape = shape
        fit.epochs = epochs
        fit.rate = rate
        fit.seed = seed
        fit.checkpoints = checkpoints
        let isTerminal = isatty(2) == 1
        fit.progress = { progress in
            let isEpochsEnd = progress.done == progress.lessons
            guard isEpochsEnd || isTerminal else { return }
            let line = progress.line + (isEpochsEnd || !isTerminal ? "\n" : "")
            FileHandle.standardError.write(Data(((isTerminal ? "\r" : "") + line).utf8))
        }
        fit.finished = { learned in
            FileHandle.standardError.write(Data("kept epoch \(learned.bestEpoch) of \(learned.points.count - 1)\n".utf8))
            guard let curve else { return }
            do {
                try learned.svg(title: "\(lessons.rawValue), seed \(seed)").write(toFile: curve, atomically: true, encoding: .utf8)
            } catch {
                FileHandle.standardError.write(Data("unable to draw the learning curve in '\(curve)': \(error.localizedDescription)\n".utf8))
            }
        }
        return fit
    }
}

extension TrainingProgress {
    /// Such as `search 3/10: loss 0.1234, accuracy 95.1 %, 1234 episodes/s, 12 s left; validation 0.2345, 88.1 %`.
    fileprivate var line: String {
        var line = String(
            format: "%@ %d/%d: loss %.4f, accuracy %.1f %%, %.0f episodes/s, %.0f s left", stage.rawValue, epoch, epochs, loss,
            accuracy * 100, rate, secondsLeft)
        if let validation {
            line += String(
                format: "; validation before %.4f, %.1f %%", validation.validationLoss, validation.validationAccuracy * 100)
        }
        return line
    }
}
