// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTraining

/// What a training says on the way, and the drawing of how it went.
struct TrainingReport: Sendable {
    let title: String
    /// Where to draw the learning curve, if anywhere.
    let curve: String?

    /// A line after every epoch; on a terminal, one that is written over after every step.
    static func show(_ progress: TrainingProgress) {
        let isTerminal = isatty(2) == 1, isEpochsEnd = progress.done == progress.lessons
        guard isEpochsEnd || isTerminal else { return }
        say((isTerminal ? "\r" : "") + progress.line + (isEpochsEnd ? "\n" : ""))
    }

    func finish(_ learned: LearningCurve) {
        Self.say("kept epoch \(learned.bestEpoch) of \(learned.points.count - 1)\n")
        guard let curve else { return }
        do {
            try OutputFile.write(Data(learned.svg(title: title).utf8), to: curve)
        } catch {
            Self.say("no learning curve: \(error)\n")
        }
    }

    private static func say(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

extension TrainingProgress {
    /// Such as `search 3/10: loss 0.1234, accuracy 95.1 %, 1234 episodes/s, 12 s left; validation 0.2345, 88.1 %`.
    fileprivate var line: String {
        var line = String(
            format: "%@ %d/%d: loss %.4f, accuracy %.1f %%, %.*f episodes/s, %.0f s left", stage.rawValue, epoch, epochs, loss, accuracy * 100,
            rate < 100 ? 1 : 0, rate, secondsLeft)
        if let validation {
            line += String(
                format: "; validation before %.4f, %.1f %%", validation.validationLoss, validation.validationAccuracy * 100)
        }
        return line
    }
}
