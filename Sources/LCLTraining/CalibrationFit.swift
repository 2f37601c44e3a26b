// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink

/// Fits a method's calibration to trials on classes that its space was not fitted on.
package enum CalibrationFit {
    /// Share of the labels' own queries that `unknown: auto` gives up.
    package static let givenUp = 0.05

    /// Half hard and half random negatives; 2 and 5 labels; shots as users have them.
    static func trials(_ stage: Stage, each count: Int = 150, seed: UInt64) -> [Trial] {
        var trials: [Trial] = []
        for negatives in Negatives.allCases {
            for ways in [2, 5] {
                for shots in [1, 2, 4, 7] {
                    var random = SeededRandom(seed: seed, ways, shots, negatives == .hard ? 1 : 0)
                    let shape = EpisodeSampler.Shape(ways: ways, shots: shots, queries: [1], negatives: negatives)
                    trials += stage.trials(shape, count: count, &random)
                }
            }
        }
        return trials
    }

    package static func fit(_ trials: [Trial]) -> Calibration {
        Calibration(temperature: temperature(trials), unknown: unknown(trials))
    }

    /// The temperature with the least negative log-likelihood (convex in it), between 1 and 200 (Guo et al., arXiv 1706.04599).
    static func temperature(_ trials: [Trial]) -> Double {
        let answers = trials.flatMap { trial in zip(trial.logits, trial.truths).compactMap { row, truth in truth.map { (row, $0) } } }
        var low = 1.0, high = 200.0
        while high - low > 0.01 {
            let middle = (low + high) / 2
            let slope = answers.reduce(0) { $0 + self.slope($1.0, truth: $1.1, temperature: middle) }
            if slope > 0 { high = middle } else { low = middle }
        }
        return (low + high) / 2
    }

    /// Derivative of one query's negative log-likelihood by the temperature.
    private static func slope(_ logits: [Double], truth: Int, temperature: Double) -> Double {
        let best = logits.max() ?? 0
        let weights = logits.map { exp(temperature * ($0 - best)) }
        let expected = zip(logits, weights).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
        return expected - logits[truth]
    }

    /// The line under the best logits of the labels' own queries that ``givenUp`` of them fall below (quantile regression,
    /// its slope by grid), and the same quantile for one support a label.
    static func unknown(_ trials: [Trial]) -> Calibration.Unknown {
        var alone: [Double] = [], supported: [(cohesion: Double, best: Double)] = []
        for trial in trials {
            for (row, truth) in zip(trial.logits, trial.truths) where truth != nil {
                let best = row.max() ?? 0
                if let cohesion = trial.cohesion { supported.append((cohesion, best)) } else { alone.append(best) }
            }
        }
        let lines = stride(from: 0, through: 1.5, by: 0.05).map { slope in
            let residuals = supported.map { $0.best - slope * $0.cohesion }
            let offset = quantile(residuals, givenUp)
            let loss = residuals.reduce(0) { $0 + ($1 > offset ? givenUp * ($1 - offset) : (1 - givenUp) * (offset - $1)) }
            return (loss: loss, offset: offset, slope: slope)
        }
        let best = lines.min { $0.loss < $1.loss }!
        return Calibration.Unknown(oneShot: quantile(alone, givenUp), offset: best.offset, slope: best.slope)
    }

    /// The value that `share` of the values lie below; 0 where there are none.
    static func quantile(_ values: [Double], _ share: Double) -> Double {
        guard !values.isEmpty else { return 0 }
        return values.sorted()[min(values.count - 1, Int(share * Double(values.count)))]
    }
}
