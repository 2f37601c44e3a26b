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
        case few = "2way-few"
    }

    @Option(help: "How to learn the metric: lda in closed form, or by gradient on episodes.")
    var strategy = Strategy.lda

    @Option(help: "Share of the identity in the within-class covariance, above 0 and at most 1.")
    var shrinkage: Float = 0.3

    @Option(help: "Most directions to keep of each feature; 0 keeps all.")
    var outputs = 384

    @Option(help: "Epochs of a strategy's first phase, at most (an epoch has as many episodes as there are classes): 10 for metric, 16 for mllm.")
    var epochs: Int?

    @Option(help: "Learning rate: 0.0003 for metric, 0.001 at most for mllm.")
    var rate: Float?

    @Option(help: "Folder to keep checkpoints in: the same command goes on where it was interrupted, to the same result.")
    var checkpoints: String?

    var journal: FolderJournal? {
        get throws { try checkpoints.map { path throws(TrainingError) in try FolderJournal(path) } }
    }

    func validate() throws {
        guard shrinkage > 0, shrinkage <= 1 else { throw ValidationError("--shrinkage must be above 0 and at most 1") }
        guard outputs >= 0 else { throw ValidationError("--outputs must not be negative") }
        guard (1...1000).contains(epochs ?? 1) else { throw ValidationError("--epochs must be from 1 to 1000") }
        if let rate, !(rate > 0 && rate < 1) { throw ValidationError("--rate must be above 0 and below 1") }
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
        fit.epochs = epochs ?? fit.epochs
        fit.rate = rate ?? fit.rate
        fit.seed = seed
        fit.checkpoints = try journal
        fit.progress = TrainingReport.show
        fit.finished = TrainingReport(title: "\(lessons.rawValue), seed \(seed)", curve: curve).finish
        return fit
    }
}
