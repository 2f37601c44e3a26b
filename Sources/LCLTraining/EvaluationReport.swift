// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink

/// What an ``Evaluation`` measured. Shares are in percent; intervals are half-widths at 95 %, over episodes alone.
public struct EvaluationReport: Codable, Equatable, Sendable {
    public var method: String
    public var taps: [String]
    public var ways: Int
    public var negatives: Negatives
    public var episodes: Int
    public var seed: UInt64
    /// Whether each source was left out of fit, centring and calibration.
    public var heldOut: Bool
    public var accuracy: [Accuracy] = []
    public var calibration: [CalibrationError] = []
    public var unknown: [Unknown] = []
    public var transductive: [Transductive] = []
    public var flips: [Flips] = []
    public var order: [Order] = []

    /// Where a figure belongs.
    struct Cell {
        let source: String
        let shots: Int
        let negatives: Negatives
        let trials: Int
    }

    public struct Accuracy: Codable, Equatable, Sendable {
        public var source: String
        public var shots: Int
        public var accuracy: Double
        public var interval: Double

        init(_ cell: Cell, hits: [Bool]) {
            source = cell.source
            shots = cell.shots
            let (mean, half) = interval95(hits.map { $0 ? 100 : 0 })
            accuracy = mean
            interval = half
        }
    }

    /// Expected calibration error of the best label's probability, ten equal bins from 1 / ways to 1 (Guo et al., 2017).
    public struct CalibrationError: Codable, Equatable, Sendable {
        public var source: String
        public var shots: Int
        public var negatives: Negatives
        public var temperature: Double
        public var error: Double
        /// The bins that have answers, for a reliability diagram.
        public var bins: [Bin]

        public struct Bin: Codable, Equatable, Sendable {
            /// Mean confidence and share of right answers, in percent.
            public var confidence: Double
            public var accuracy: Double
            public var answers: Int
        }

        init(_ cell: Cell, _ trials: [Trial], _ calibration: Calibration) {
            source = cell.source
            shots = cell.shots
            negatives = cell.negatives
            temperature = calibration.temperature
            let answers = trials.flatMap { trial in
                zip(trial.logits.filter { !$0.isEmpty }, trial.hits).map { (calibration.probabilities($0).max() ?? 1, $1) }
            }
            let floor = 1 / Double(trials.first?.logits.first?.count ?? 2)
            let grouped = Dictionary(grouping: answers) { min(9, Int(($0.0 - floor) / (1 - floor) * 10)) }
            bins = grouped.sorted { $0.key < $1.key }.map { _, bin in
                let count = Double(bin.count)
                return Bin(
                    confidence: bin.reduce(0) { $0 + $1.0 } * 100 / count, accuracy: Double(bin.count { $0.1 }) * 100 / count,
                    answers: bin.count)
            }
            error = bins.reduce(0) { $0 + abs($1.accuracy - $1.confidence) * Double($1.answers) / Double(answers.count) }
        }
    }

    /// How well queries of a class without supports are told from the labels' own.
    public struct Unknown: Codable, Equatable, Sendable {
        public var source: String
        public var shots: Int
        public var negatives: Negatives
        /// Area under the ROC curve of the best logit over `unknown: auto`'s threshold: 50 is chance.
        public var auroc: Double
        /// Share of the labels' own queries that `unknown: auto` gives up.
        public var givenUp: Double
        /// Share of the others that it catches.
        public var caught: Double
        /// The curve at 21 thresholds, from the strictest: shares of the others and of the own above it, in percent.
        public var curve: [[Double]]

        init(_ cell: Cell, _ trials: [Trial], _ calibration: Calibration) {
            source = cell.source
            shots = cell.shots
            negatives = cell.negatives
            var own: [Double] = [], others: [Double] = []
            for trial in trials {
                let threshold = calibration.unknown.threshold(cohesion: trial.cohesion)
                for (row, truth) in zip(trial.logits, trial.truths) {
                    let over = (row.max() ?? 0) - threshold
                    if truth == nil { others.append(over) } else { own.append(over) }
                }
            }
            auroc = 100 * areaUnderCurve(positives: own, negatives: others)
            givenUp = 100 * Double(own.count { $0 < 0 }) / Double(max(1, own.count))
            caught = 100 * Double(others.count { $0 < 0 }) / Double(max(1, others.count))
            curve = (0...20).reversed().map { step in
                let threshold = CalibrationFit.quantile(own, Double(step) / 20)
                func share(_ values: [Double]) -> Double {
                    100 * Double(values.count { step == 0 || (step < 20 && $0 >= threshold) }) / Double(max(1, values.count))
                }
                return [share(others), share(own)]
            }
        }
    }

    /// Accuracy of the same episodes, each query by itself and all together.
    public struct Transductive: Codable, Equatable, Sendable {
        public var source: String
        public var shots: Int
        /// Queries of the first and second label, and of neither.
        public var mix: String
        public var alone: Double
        public var together: Double
        /// Half-width of the interval of the difference.
        public var interval: Double

        init(source: String, shots: Int, mix: String, alone: [Double], together: [Double]) {
            self.source = source
            self.shots = shots
            self.mix = mix
            self.alone = interval95(alone.map { $0 * 100 }).mean
            self.together = interval95(together.map { $0 * 100 }).mean
            interval = interval95(zip(alone, together).map { ($1 - $0) * 100 }).half
        }
    }

    /// How the queries of a transductive trial are shared out.
    struct Mix {
        let name: String
        let queries: [Int]
        let outsiders: Int

        static let all = [
            Mix(name: "7:7", queries: [7, 7], outsiders: 0), Mix(name: "10:3", queries: [10, 3], outsiders: 0),
            Mix(name: "14:0", queries: [14, 0], outsiders: 0), Mix(name: "7:7+3", queries: [7, 7], outsiders: 3),
        ]
    }
}

/// Mean, and half-width of its 95 % interval by the normal approximation.
package func interval95(_ values: [Double]) -> (mean: Double, half: Double) {
    guard !values.isEmpty else { return (0, 0) }
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    return (mean, 1.96 * (variance / count).squareRoot())
}

/// The chance that a positive is above a negative; ties count half (Mann and Whitney, 1947).
package func areaUnderCurve(positives: [Double], negatives: [Double]) -> Double {
    guard !positives.isEmpty, !negatives.isEmpty else { return 0.5 }
    let values = (positives.map { ($0, true) } + negatives.map { ($0, false) }).sorted { $0.0 < $1.0 }
    var wins = 0.0, below = 0.0, start = 0
    while start < values.count {
        let end = values[start...].firstIndex { $0.0 != values[start].0 } ?? values.count
        let tiedPositives = Double(values[start..<end].count { $0.1 })
        let tiedNegatives = Double(end - start) - tiedPositives
        wins += tiedPositives * (below + tiedNegatives / 2)
        below += tiedNegatives
        start = end
    }
    return wins / (Double(positives.count) * Double(negatives.count))
}
