// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor

/// Fits what a link file holds: the learned space with its cohort, the plain one's means, and both methods' calibrations.
public struct LinkTrainer: Sendable {
    public var fit: any MetricFit = DiscriminantFit()
    public var seed: UInt64 = 1
    /// Where to keep each fold's trials, and to take them from.
    public var journal: (any TrainingJournal)?
    /// All that determines the result beside the pictures and this: what the trials are kept under.
    public var settings = ""
    /// A finished method whose accuracy on the held-out classes is wanted beside the new one's.
    public var rival: (any LinkMethod)?
    /// Told how far it is, 0 to 1, as each fold begins.
    public var progress: @Sendable (Double) -> Void = { _ in }

    public init() {}

    /// What was fitted, and how it does on classes that it was not fitted on.
    public struct Outcome: Sendable {
        public let parts: [FeatureSpace.Part]
        public let cohort: Cohort?
        public let calibrations: [LinkModel.Method: Calibration]
        /// Episodes that accuracies are measured on; of each method, and of ``LinkTrainer/rival``.
        public let episodes: Int
        public let accuracies: [LinkModel.Method: Double]
        public let rivalAccuracy: Double?
    }

    /// - Parameters:
    ///   - classes: to train on, of any number of sources.
    ///   - taps: to compare by.
    /// - Throws: ``TrainingError/tooFew(what:found:needed:)``; `LinearAlgebraError` where features are not finite.
    public func train(
        _ table: FeatureTable, classes: [FeatureTable.Class], taps: [String], methods: [LinkModel.Method] = LinkModel.Method.allCases
    ) throws -> Outcome {
        var trials: [LinkModel.Method: [Trial]] = [:], rivals: [Trial] = []
        let folds = Self.folds(classes), key = journal == nil ? "" : TrainingKey.digest("\(settings) \(fit.strategy) \(seed) \(taps)", table, classes)
        for (number, held) in folds.enumerated() {
            progress(Double(number) / Double(folds.count + 1))
            let fold = try FoldTrials.kept(in: journal, as: "\(key)-fold-\(number)") {
                try self.trials(table, classes: classes, held: held, taps: taps, methods: methods)
            }
            for method in methods { trials[method, default: []] += fold.trials[method.rawValue] ?? [] }
            rivals += fold.rivals
        }
        guard trials.values.allSatisfy({ !$0.isEmpty }) else {
            throw TrainingError.tooFew(
                what: "classes of \(EpisodeSampler.fewestPictures) pictures in a source to calibrate on", found: classes.count, needed: 10)
        }
        progress(Double(folds.count) / Double(folds.count + 1))
        let metric = methods.contains(.metric) ? try metric(table, classes: classes, taps: taps) : nil
        return Outcome(
            parts: metric?.space.parts ?? DiscriminantFit.plain(table, classes: classes, taps: taps), cohort: metric?.cohort,
            calibrations: trials.mapValues(CalibrationFit.fit), episodes: trials[metric == nil ? .prototype : .metric]!.count,
            accuracies: trials.mapValues(\.accuracy), rivalAccuracy: rival.map { _ in rivals.accuracy })
    }

    /// The same for the closer look: `metric` on the table's ``FeatureTable/closerTaps``, as if every mask were sure.
    /// - Returns: `nil` where the table has none.
    public func trainCloser(_ table: FeatureTable, classes: [FeatureTable.Class]) throws -> (link: LinkFile.Closer, outcome: Outcome)? {
        guard !table.closerTaps.isEmpty else { return nil }
        let outcome = try train(table, classes: classes, taps: table.closerTaps, methods: [.metric])
        return (LinkFile.Closer(parts: outcome.parts, cohort: outcome.cohort!, calibration: outcome.calibrations[.metric]!), outcome)
    }

    /// How each method, fitted on the other classes, does on those of one fold.
    private func trials(
        _ table: FeatureTable, classes: [FeatureTable.Class], held: [FeatureTable.Class], taps: [String], methods: [LinkModel.Method]
    ) throws -> FoldTrials {
        let others = classes.filter { !held.contains($0) }
        let sampler = EpisodeSampler(table, classes: held.map(\.originals), mean: Self.miningMean(table, classes), hardest: 12)
        func run(_ method: any LinkMethod) throws -> [Trial] {
            try CalibrationFit.trials(Stage(table, classes: held, method: method, sampler: sampler), seed: seed)
        }
        var fold = FoldTrials(trials: [:], rivals: try rival.map(run) ?? [])
        for method in methods { fold.trials[method.rawValue] = try run(self.method(method, table, classes: others, taps: taps)) }
        return fold
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

/// What one fold gave, as a journal keeps it.
private struct FoldTrials: Codable {
    var trials: [String: [Trial]]
    var rivals: [Trial]

    /// What the journal has under `name`, or else `made`, which it then has.
    static func kept(in journal: (any TrainingJournal)?, as name: String, _ made: () throws -> FoldTrials) throws -> FoldTrials {
        if let bytes = try journal?.load(name) {
            let decoder = JSONDecoder()
            decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
            return try decoder.decode(FoldTrials.self, from: Data(bytes))
        }
        let fold = try made(), encoder = JSONEncoder()
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        try journal?.save([UInt8](encoder.encode(fold)), as: name)
        return fold
    }
}

extension [Trial] {
    /// Share of queries answered rightly, 0 to 1.
    fileprivate var accuracy: Double {
        let hits = flatMap(\.hits)
        return Double(hits.count { $0 }) / Double(Swift.max(1, hits.count))
    }
}
