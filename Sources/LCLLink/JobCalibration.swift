// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A calibration as the support set of one job settles it.
///
/// Which temperature turns logits into probabilities differs from domain to domain by a factor of five, and the supports know it:
/// left out in turn, they are queries with known answers. So every temperature of a grid gets a weight, a prior's times the likelihood
/// of the supports' labels, and a probability is the mean over the grid (Bayesian model averaging; Hoeting et al., 1999).
public struct JobCalibration: Equatable, Sendable {
    /// Softmaxes of temperature x logits are averaged, with these weights, which sum to 1.
    private let temperatures: [Double]
    private let weights: [Double]
    /// The likeness below which `unknown: auto` says unknown.
    public let threshold: Double
    /// Whether the supports gave enough answers for the confidence to be taken as a probability.
    public let isTrusted: Bool

    /// One temperature, whatever the supports say.
    public init(temperature: Double) {
        (temperatures, weights, threshold, isTrusted) = ([temperature], [1], -.infinity, false)
    }

    init(median: Double, support: SupportTraits, threshold: Double) {
        temperatures = Self.grid
        weights = Self.weights(median: median, likelihoods: Self.likelihoods(support.answers))
        self.threshold = threshold
        isTrusted = support.answers.count >= Self.fewestAnswers
    }

    /// Where fewer supports could be left out, confidences are off by more than 5 points on some held-out source.
    static let fewestAnswers = 6
    /// More than this many answers are thinned out.
    private static let mostAnswers = 256
    /// 1.5 to 150, evenly in the logarithm.
    package static let grid = (0..<24).map { 1.5 * pow(100, Double($0) / 23) }
    /// Standard deviation of the temperature's logarithm between domains.
    private static let deviation = 1.5

    /// Log-likelihoods of the answers' labels at each temperature of the grid.
    package static func likelihoods(_ answers: [SupportTraits.Answer]) -> [Double] {
        let count = min(answers.count, mostAnswers)
        let some = (0..<count).map { answers[$0 * answers.count / count] }
        return grid.map { temperature in
            some.reduce(0) { $0 + log(max(softmax($1.logits, temperature)[$1.label], .leastNormalMagnitude)) }
        }
    }

    /// Of the temperatures of the grid, under a log-normal prior with that median.
    package static func weights(median: Double, likelihoods: [Double]) -> [Double] {
        let logs = zip(grid, likelihoods).map { temperature, likelihood in
            likelihood - pow(log(temperature / median) / deviation, 2) / 2
        }
        return softmax(logs, 1)
    }

    /// Sums to 1 over the labels; a logit of `-infinity` has probability 0.
    public func probabilities(_ logits: [Double]) -> [Double] {
        var mean = [Double](repeating: 0, count: logits.count)
        for (temperature, weight) in zip(temperatures, weights) {
            for (label, probability) in Self.softmax(logits, temperature).enumerated() { mean[label] += weight * probability }
        }
        return mean
    }

    package static func softmax(_ logits: [Double], _ temperature: Double) -> [Double] {
        guard let best = logits.max(), best.isFinite else { return logits.map { _ in 1 / Double(logits.count) } }
        let weights = logits.map { exp(temperature * ($0 - best)) }
        let total = weights.reduce(0, +)
        return weights.map { $0 / total }
    }
}
