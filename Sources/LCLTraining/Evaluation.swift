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
    /// How often everything is drawn anew: the training classes (one in six is left out), and the episodes.
    public var drawings = 1
    public var trainer = LinkTrainer()
    public var figures = EvaluationReport.Figures.all

    public init() {}

    /// - Parameters:
    ///   - training: pictures of the training classes; each of `sources` is left out of the fit when its turn comes.
    ///   - test: pictures of the test classes.
    ///   - taps: to compare by.
    ///     The closer look is measured too where the tables have it, the method is `metric` and `looksCloser`.
    ///   - link: a finished link to measure instead of fitting one for each source.
    ///   - progress: told each source as it begins.
    /// - Throws: ``TrainingError``, `LinearAlgebraError`.
    public func run(
        training: FeatureTable, test: FeatureTable, sources: [String], taps: [String], looksCloser: Bool = true, link: LinkFile? = nil,
        progress: (String) -> Void = { _ in }
    ) throws -> EvaluationReport {
        let mean = LinkTrainer.miningMean(training, training.classes)
        var report = EvaluationReport(
            method: method.rawValue, taps: taps, ways: ways, negatives: negatives, episodes: episodes, drawings: drawings, seed: seed,
            heldOut: link == nil)
        for source in sources {
            progress(source)
            let classes = test.classes(of: [source])
            let sampler = EpisodeSampler(test, classes: classes, mean: mean)
            let drawn = try (0..<drawings).map { drawing in
                func look(_ method: any LinkMethod, _ calibration: Calibration) -> Looks.Look {
                    Looks.Look(stage: Stage(test, classes: classes, method: method, sampler: sampler), calibration: calibration)
                }
                let fitted = try self.fitted(training, without: source, taps: taps, closer: looksCloser && method == .metric, link: link, drawing)
                let closer = fitted.closer.flatMap { closer in test.doubts.map { (look: look(closer.linking, closer.calibration), doubts: $0) } }
                return Drawing(looks: Looks(whole: look(fitted.method, fitted.calibration), closer: closer), seed: seed + UInt64(drawing))
            }
            try measure(drawn, source: source, into: &report)
        }
        return report
    }

    /// One drawing of all that is drawn: a fit, and the seed of its episodes.
    private struct Drawing {
        let looks: Looks
        let seed: UInt64
    }

    private func fitted(
        _ training: FeatureTable, without source: String, taps: [String], closer: Bool, link: LinkFile?, _ drawing: Int
    ) throws -> (method: any LinkMethod, calibration: Calibration, closer: LinkFile.Closer?) {
        if let link {
            guard let calibration = link.calibrations[method] else {
                throw LinkError.method(name: method.rawValue, model: "given", supported: link.methods.map(\.rawValue))
            }
            return (link.linking(method), calibration, closer ? link.closer : nil)
        }
        var classes = training.classes.filter { $0.source != source }
        if drawings > 1 { classes = EpisodicFit.split(classes, every: 6, seed: seed + UInt64(drawing)).kept }
        let outcome = try trainer.train(training, classes: classes, taps: taps, methods: [method]), space = FeatureSpace(outcome.parts)
        let closer = try closer ? trainer.trainCloser(training, classes: classes)?.link : nil
        return (
            outcome.cohort.map { RidgeLink(space: space, cohort: $0) } ?? NearestMean(space: space), outcome.calibrations[method]!, closer)
    }

    private func measure(_ drawn: [Drawing], source: String, into report: inout EvaluationReport) throws {
        for shots in shots where drawn[0].looks.sampler.isFeasible(shots: shots) {
            if figures != .accuracy { try measureRobustness(drawn[0], source, shots, into: &report) }
            if figures == .flip { continue }
            for negatives in Negatives.allCases where figures == .all || negatives == self.negatives {
                let cell = EvaluationReport.Cell(source: source, shots: shots, negatives: negatives)
                let shape = EpisodeSampler.Shape(ways: ways, shots: shots, negatives: negatives)
                let judged = try drawn.map { try judgements($0, cell, shape, count: episodes) }
                if negatives == self.negatives { report.accuracy.append(.init(cell, drawings: judged.map { $0.compactMap(\.isRight) })) }
                if figures == .accuracy { continue }
                report.calibration.append(.init(cell, judged.flatMap { $0 }, ways: ways))
                let mixed = EpisodeSampler.Shape(ways: ways, shots: shots, queries: [1], outsiders: 2, negatives: negatives)
                report.unknown.append(.init(cell, try drawn.flatMap { try judgements($0, cell, mixed, count: max(1, episodes * 2 / 5)) }))
            }
        }
        for shots in shots where shots <= 4 && figures == .all {
            for mix in EvaluationReport.Mix.all { report.transductive.append(try transductive(drawn[0], source, shots, mix)) }
        }
    }

    private func measureRobustness(_ drawing: Drawing, _ source: String, _ shots: Int, into report: inout EvaluationReport) throws {
        let looks = drawing.looks, robust = episodes(drawing, source, shots), plain = try robust.map(looks.answer)
        report.flips += try looks.flips(robust, plain: plain, source: source, shots: shots)
        if figures == .all { report.order.append(try looks.order(robust, plain: plain, source: source, shots: shots)) }
    }

    private func judgements(_ drawing: Drawing, _ cell: EvaluationReport.Cell, _ shape: EpisodeSampler.Shape, count: Int) throws -> [Judgement] {
        var random = random(drawing, cell.source, cell.shots, cell.negatives, shape.outsiders > 0 ? 1 : 0)
        return try drawing.looks.judgements(shape, count: count, &random)
    }

    /// Of the shape that accuracy is measured on, for figures that run each episode several times.
    private func episodes(_ drawing: Drawing, _ source: String, _ shots: Int) -> [Episode] {
        let shape = EpisodeSampler.Shape(ways: ways, shots: shots, negatives: negatives)
        var random = random(drawing, source, shots, negatives, 3), drawn: [Episode] = []
        while drawn.count < max(1, episodes * 2 / 5), let episode = drawing.looks.sampler.episode(shape, &random) { drawn.append(episode) }
        return drawn
    }

    private func transductive(
        _ drawing: Drawing, _ source: String, _ shots: Int, _ mix: EvaluationReport.Mix
    ) throws -> EvaluationReport.Transductive {
        let shape = EpisodeSampler.Shape(shots: shots, queries: mix.queries, outsiders: mix.outsiders), looks = drawing.looks
        var random = random(drawing, source, shots, .hard, 2 + mix.queries[0])
        var alone: [Double] = [], together: [Double] = []
        while alone.count < max(1, episodes * 3 / 20), let episode = looks.sampler.episode(shape, &random) {
            alone.append(try looks.answer(episode).share)
            together.append(try looks.answer(episode, transductive: true).share)
        }
        return .init(source: source, shots: shots, mix: mix.name, alone: alone, together: together)
    }

    private func random(_ drawing: Drawing, _ source: String, _ shots: Int, _ negatives: Negatives, _ purpose: Int = 0) -> SeededRandom {
        SeededRandom(seed: drawing.seed, source.utf8.reduce(0) { $0 &* 31 &+ Int($1) }, ways, shots, negatives == .hard ? 1 : 0, purpose)
    }
}

extension Trial {
    /// Share of queries answered rightly, 0 to 1.
    fileprivate var share: Double { Double(hits.count { $0 }) / Double(max(1, hits.count)) }
}
