// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink

/// What an ``Evaluation`` measured. Shares are in percent; intervals are half-widths at 95 %, over episodes alone.
public struct EvaluationReport: Codable, Equatable, Sendable {
    public var method: String
    public var taps: [String]
    public var ways: Int
    public var negatives: Negatives
    /// Of each drawing.
    public var episodes: Int
    /// How often training classes and episodes were drawn, with seeds from ``seed`` on; figures are over all drawings.
    public var drawings = 1
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
    }

    public struct Accuracy: Codable, Equatable, Sendable {
        public var source: String
        public var shots: Int
        public var accuracy: Double
        public var interval: Double
        /// Of each drawing alone.
        public var drawings: [Double]

        init(_ cell: Cell, drawings: [[Bool]]) {
            source = cell.source
            shots = cell.shots
            (accuracy, interval) = interval95(drawings.joined().map { $0 ? 100 : 0 })
            self.drawings = drawings.map { hits in interval95(hits.map { $0 ? 100 : 0 }).mean }
        }
    }

    /// Expected calibration error of the best label's probability, ten equal bins from 1 / ways to 1 (Guo et al., 2017).
    public struct CalibrationError: Codable, Equatable, Sendable {
        public var source: String
        public var shots: Int
        public var negatives: Negatives
        public var error: Double
        /// Share of the answers whose job says that its confidence is not to be trusted.
        public var flagged: Double
        /// The error over the others alone; 0 where there are none.
        public var trustedError: Double
        /// The bins that have answers, for a reliability diagram.
        public var bins: [Bin]

        public struct Bin: Codable, Equatable, Sendable {
            /// Mean confidence and share of right answers, in percent.
            public var confidence: Double
            public var accuracy: Double
            public var answers: Int
        }

        init(_ cell: Cell, _ judged: [Judgement], ways: Int) {
            source = cell.source
            shots = cell.shots
            negatives = cell.negatives
            let trusted = judged.filter(\.isTrusted)
            bins = Self.bins(judged, ways: ways)
            error = Self.error(bins)
            flagged = 100 * (1 - Double(trusted.count) / Double(max(1, judged.count)))
            trustedError = Self.error(Self.bins(trusted, ways: ways))
        }

        private static func bins(_ judged: [Judgement], ways: Int) -> [Bin] {
            let floor = 1 / Double(ways)
            let grouped = Dictionary(grouping: judged.filter { $0.isRight != nil }) { min(9, Int(($0.confidence - floor) / (1 - floor) * 10)) }
            return grouped.sorted { $0.key < $1.key }.map { _, bin in
                let count = Double(bin.count)
                return Bin(
                    confidence: bin.reduce(0) { $0 + $1.confidence } * 100 / count,
                    accuracy: Double(bin.count { $0.isRight! }) * 100 / count, answers: bin.count)
            }
        }

        private static func error(_ bins: [Bin]) -> Double {
            let answers = bins.reduce(0) { $0 + $1.answers }
            return bins.reduce(0) { $0 + abs($1.accuracy - $1.confidence) * Double($1.answers) } / Double(max(1, answers))
        }
    }

    /// How well queries of a class without supports are told from the labels' own.
    public struct Unknown: Codable, Equatable, Sendable {
        public var source: String
        public var shots: Int
        public var negatives: Negatives
        /// Area under the ROC curve of the likeness over `unknown: auto`'s threshold: 50 is chance.
        public var auroc: Double
        /// Share of the labels' own queries that `unknown: auto` gives up.
        public var givenUp: Double
        /// Share of the others that it catches.
        public var caught: Double
        /// The curve at 21 thresholds, from the strictest: shares of the others and of the own above it, in percent.
        public var curve: [[Double]]

        init(_ cell: Cell, _ judged: [Judgement]) {
            source = cell.source
            shots = cell.shots
            negatives = cell.negatives
            let own = judged.filter { $0.isRight != nil }.map(\.over), others = judged.filter { $0.isRight == nil }.map(\.over)
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

extension EvaluationReport {
    /// One report of several on the same terms.
    public init(joining reports: [EvaluationReport]) {
        self = reports[0]
        for report in reports.dropFirst() {
            accuracy += report.accuracy
            calibration += report.calibration
            unknown += report.unknown
            transductive += report.transductive
            flips += report.flips
            order += report.order
        }
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
