// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink

/// Fits a method's calibration to trials on classes that its space was not fitted on.
package enum CalibrationFit {
    /// Share of the labels' own queries that `unknown: auto` gives up.
    package static let givenUp = 0.05

    /// Half hard and half random negatives; 2 and 5 labels; shots as users have them.
    static func trials(_ stage: Stage, each count: Int = 150, seed: UInt64) throws -> [Trial] {
        var trials: [Trial] = []
        for negatives in Negatives.allCases {
            for ways in [2, 5] {
                for shots in [1, 2, 4, 7] {
                    var random = SeededRandom(seed: seed, ways, shots, negatives == .hard ? 1 : 0)
                    let shape = EpisodeSampler.Shape(ways: ways, shots: shots, queries: [1], negatives: negatives)
                    trials += try stage.trials(shape, count: count, &random)
                }
            }
        }
        return trials
    }

    package static func fit(_ trials: [Trial]) -> Calibration {
        Calibration(temperature: median(trials), unknown: unknown(trials))
    }

    /// The median of the temperatures' prior with the least negative log-likelihood of the queries' labels, each job's own supports heard;
    /// from 5 to 20, to 5 %. Easy sources alone would ask for more, and a harder one that comes new would be over-confident by it: 20 has the
    /// least error on the worst source (see docs/accuracy.md).
    package static func median(_ trials: [Trial]) -> Double {
        let jobs = trials.map { trial in
            (
                likelihoods: JobCalibration.likelihoods(trial.support.answers),
                queries: zip(trial.logits, trial.truths).compactMap { row, truth in
                    truth.map { truth in JobCalibration.grid.map { JobCalibration.softmax(row, $0)[truth] } }
                }
            )
        }
        let losses = stride(from: log(5), through: log(20) + 1e-9, by: log(4) / 28).map { middle in
            let median = exp(middle)
            let loss = jobs.reduce(0) { sum, job in
                let weights = JobCalibration.weights(median: median, likelihoods: job.likelihoods)
                return sum - job.queries.reduce(0) { $0 + log(max(zip($1, weights).reduce(0) { $0 + $1.0 * $1.1 }, .leastNormalMagnitude)) }
            }
            return (loss: loss, median: median)
        }
        return losses.min { $0.loss < $1.loss }!.median
    }

    /// The temperature with the least negative log-likelihood (convex in it), between 1 and 200 (Guo et al., arXiv 1706.04599).
    package static func temperature(_ trials: [Trial]) -> Double {
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

    /// The thresholds that ``givenUp`` of the labels' own queries fall below, in the units of ``Calibration/Unknown``.
    package static func unknown(_ trials: [Trial]) -> Calibration.Unknown {
        var alone: [Double] = [], several: [Double] = []
        for trial in trials {
            for (likeness, truth) in zip(trial.likeness, trial.truths) where truth != nil {
                if let cohesion = trial.support.cohesion {
                    several.append((likeness - cohesion) / trial.support.scatter)
                } else {
                    alone.append(likeness - (trial.support.crossing ?? 0))
                }
            }
        }
        return Calibration.Unknown(oneShot: quantile(alone, givenUp), reach: -quantile(several, givenUp))
    }

    /// The value that `share` of the values lie below; 0 where there are none.
    static func quantile(_ values: [Double], _ share: Double) -> Double {
        guard !values.isEmpty else { return 0 }
        return values.sorted()[min(values.count - 1, Int(share * Double(values.count)))]
    }
}
