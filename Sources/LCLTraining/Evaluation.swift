// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor

/// Measures a method on classes it was not trained on: episodes with a source held out of fit, centring and calibration.
///
/// The protocol of the tables in docs/accuracy.md: test classes of one source, hard negatives among the 5 nearest classes
/// in the plain head features (centred by all training pictures, whatever is held out), shots per class.
public struct Evaluation: Sendable {
    public var method = LinkModel.Method.metric
    public var ways = 2
    public var shots = [1, 4, 16]
    public var negatives = Negatives.hard
    /// Episodes of each cell of the accuracy and calibration tables; the others take a fraction.
    public var episodes = 1000
    public var seed: UInt64 = 1
    public var trainer = LinkTrainer()
    /// Only what flipped labels do.
    public var onlyFlips = false

    public init() {}

    /// - Parameters:
    ///   - training: pictures of the training classes; each of `sources` is left out of the fit when its turn comes.
    ///   - test: pictures of the test classes.
    ///   - taps: to compare by.
    ///   - link: a finished link to measure instead of fitting one for each source.
    ///   - progress: told each source as it begins.
    /// - Throws: ``TrainingError``, `LinearAlgebraError`.
    public func run(
        training: FeatureTable, test: FeatureTable, sources: [String], taps: [String], link: LinkFile? = nil,
        progress: (String) -> Void = { _ in }
    ) throws -> EvaluationReport {
        let mean = LinkTrainer.miningMean(training, training.classes)
        var report = EvaluationReport(
            method: method.rawValue, taps: taps, ways: ways, negatives: negatives, episodes: episodes, seed: seed,
            heldOut: link == nil)
        for source in sources {
            progress(source)
            let classes = test.classes(of: [source])
            let (space, calibration) = try fitted(training, without: source, taps: taps, link: link)
            let sampler = EpisodeSampler(test, classes: classes, mean: mean)
            let stage = Stage(test, classes: classes, space: space, sampler: sampler)
            try measure(stage, calibration, source: source, into: &report)
        }
        return report
    }

    private func fitted(
        _ training: FeatureTable, without source: String, taps: [String], link: LinkFile?
    ) throws -> (FeatureSpace, Calibration) {
        if let link {
            guard let calibration = link.calibrations[method] else {
                throw LinkError.method(name: method.rawValue, model: "given", supported: link.methods.map(\.rawValue))
            }
            return (link.space(method), calibration)
        }
        let classes = training.classes.filter { $0.source != source }
        let (parts, calibrations) = try trainer.train(training, classes: classes, taps: taps, methods: [method])
        return (FeatureSpace(parts), calibrations[method]!)
    }

    private func measure(_ stage: Stage, _ calibration: Calibration, source: String, into report: inout EvaluationReport) throws {
        for shots in shots where stage.sampler.isFeasible(shots: shots) {
            let robust = episodes(stage.sampler, source, shots)
            report.flips += try stage.flips(robust, source: source, shots: shots)
            if onlyFlips { continue }
            report.order.append(try stage.order(robust, source: source, shots: shots))
            for negatives in Negatives.allCases {
                let shape = EpisodeSampler.Shape(ways: ways, shots: shots, negatives: negatives)
                let trials = stage.trials(shape, count: episodes, random(source, shots, negatives))
                let cell = EvaluationReport.Cell(source: source, shots: shots, negatives: negatives, trials: trials.count)
                if negatives == self.negatives { report.accuracy.append(.init(cell, hits: trials.flatMap(\.hits))) }
                report.calibration.append(.init(cell, trials, calibration))
                report.unknown.append(unknown(stage, cell, calibration))
            }
        }
        for shots in shots.filter({ $0 <= 4 && !onlyFlips }) {
            for mix in EvaluationReport.Mix.all { report.transductive.append(transductive(stage, source, shots, mix)) }
        }
    }

    /// Of the shape that accuracy is measured on, for figures that run each episode several times.
    private func episodes(_ sampler: EpisodeSampler, _ source: String, _ shots: Int) -> [Episode] {
        let shape = EpisodeSampler.Shape(ways: ways, shots: shots, negatives: negatives)
        var random = random(source, shots, negatives, 3), drawn: [Episode] = []
        while drawn.count < max(1, episodes * 2 / 5), let episode = sampler.episode(shape, &random) { drawn.append(episode) }
        return drawn
    }

    private func unknown(_ stage: Stage, _ cell: EvaluationReport.Cell, _ calibration: Calibration) -> EvaluationReport.Unknown {
        let shape = EpisodeSampler.Shape(ways: ways, shots: cell.shots, queries: [1], outsiders: 2, negatives: cell.negatives)
        let trials = stage.trials(shape, count: max(1, episodes * 2 / 5), random(cell.source, cell.shots, cell.negatives, 1))
        return .init(cell, trials, calibration)
    }

    private func transductive(
        _ stage: Stage, _ source: String, _ shots: Int, _ mix: EvaluationReport.Mix
    ) -> EvaluationReport.Transductive {
        let shape = EpisodeSampler.Shape(shots: shots, queries: mix.queries, outsiders: mix.outsiders)
        var random = random(source, shots, .hard, 2 + mix.queries[0])
        var alone: [Double] = [], together: [Double] = []
        while alone.count < max(1, episodes * 3 / 20), let episode = stage.sampler.episode(shape, &random) {
            alone.append(stage.run(episode).share)
            together.append(stage.run(episode, transductive: true).share)
        }
        return .init(source: source, shots: shots, mix: mix.name, alone: alone, together: together)
    }

    private func random(_ source: String, _ shots: Int, _ negatives: Negatives, _ purpose: Int = 0) -> SeededRandom {
        SeededRandom(seed: seed, source.utf8.reduce(0) { $0 &* 31 &+ Int($1) }, ways, shots, negatives == .hard ? 1 : 0, purpose)
    }
}

extension Stage {
    fileprivate func trials(_ shape: EpisodeSampler.Shape, count: Int, _ random: SeededRandom) -> [Trial] {
        var random = random
        return trials(shape, count: count, &random)
    }
}

extension Trial {
    /// Share of queries answered rightly, 0 to 1.
    fileprivate var share: Double { Double(hits.count { $0 }) / Double(max(1, hits.count)) }
}
