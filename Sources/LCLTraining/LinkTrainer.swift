// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import LCLTensor

/// Fits what a link file holds: the learned space with its cohort, the plain one's means, and both methods' calibrations.
public struct LinkTrainer: Sendable {
    public var fit: any MetricFit = DiscriminantFit()
    public var seed: UInt64 = 1

    public init() {}

    /// - Parameters:
    ///   - classes: to train on, of any number of sources.
    ///   - taps: to compare by.
    /// - Throws: ``TrainingError/tooFew(what:found:needed:)``; `LinearAlgebraError` where features are not finite.
    public func train(
        _ table: FeatureTable, classes: [FeatureTable.Class], taps: [String], methods: [LinkModel.Method] = LinkModel.Method.allCases
    ) throws -> (parts: [FeatureSpace.Part], cohort: Cohort?, calibrations: [LinkModel.Method: Calibration]) {
        var trials: [LinkModel.Method: [Trial]] = [:]
        let mean = Self.miningMean(table, classes)
        for held in Self.folds(classes) {
            let others = classes.filter { !held.contains($0) }
            let sampler = EpisodeSampler(table, classes: held.map(\.originals), mean: mean, hardest: 12)
            for method in methods {
                let fitted = try self.method(method, table, classes: others, taps: taps)
                let stage = Stage(table, classes: Array(held), method: fitted, sampler: sampler)
                trials[method, default: []] += try CalibrationFit.trials(stage, seed: seed)
            }
        }
        guard trials.values.allSatisfy({ !$0.isEmpty }) else {
            throw TrainingError.tooFew(
                what: "classes of \(EpisodeSampler.fewestPictures) pictures in a source to calibrate on", found: classes.count, needed: 10)
        }
        let calibrations = trials.mapValues(CalibrationFit.fit)
        guard methods.contains(.metric) else { return (DiscriminantFit.plain(table, classes: classes, taps: taps), nil, calibrations) }
        let metric = try metric(table, classes: classes, taps: taps)
        return (metric.space.parts, metric.cohort, calibrations)
    }

    private func method(
        _ method: LinkModel.Method, _ table: FeatureTable, classes: [FeatureTable.Class], taps: [String]
    ) throws -> any LinkMethod {
        switch method {
        case .metric: try metric(table, classes: classes, taps: taps)
        case .prototype: NearestMean(space: FeatureSpace(DiscriminantFit.plain(table, classes: classes, taps: taps)))
        }
    }

    private func metric(_ table: FeatureTable, classes: [FeatureTable.Class], taps: [String]) throws -> RidgeLink {
        let space = FeatureSpace(try fit.parts(table, classes: classes, taps: taps))
        return RidgeLink(space: space, cohort: Cohort(table, classes: classes, space: space))
    }

    /// Mean of the features that hard negatives are found by.
    static func miningMean(_ table: FeatureTable, _ classes: [FeatureTable.Class]) -> [Float] {
        table.tap(EpisodeSampler.miningTap).gather(classes.flatMap(\.rows)).meanRow()
    }

    /// What is held out in turn to calibrate on: a source; where there is one only, a fifth of its classes.
    private static func folds(_ classes: [FeatureTable.Class]) -> [[FeatureTable.Class]] {
        let sources = Dictionary(grouping: classes, by: \.source)
        guard sources.count == 1 else { return sources.sorted { $0.key < $1.key }.map(\.value) }
        return (0..<5).map { fold in classes.enumerated().filter { $0.offset % 5 == fold }.map(\.element) }.filter { !$0.isEmpty }
    }
}

extension Cohort {
    /// The means of `classes` in `space`; where they are too many, of some, evenly spread over the list.
    init(_ table: FeatureTable, classes: [FeatureTable.Class], space: FeatureSpace) {
        let taps = space.parts.map(\.tap), count = min(classes.count, Self.most)
        var means = Matrix((0..<count).map { index in
            space.embed(table.features(of: classes[index * classes.count / count].rows, taps: taps)).meanRow()
        })
        means.normalizeRows()
        self.init(means: means)
    }
}
