// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What turns a method's logits into probabilities and into `unknown`; fitted on held-out training episodes.
public struct Calibration: Equatable, Sendable {
    /// Probabilities are the softmax of temperature x logits.
    public var temperature: Double
    public var unknown: Unknown

    public init(temperature: Double, unknown: Unknown) {
        self.temperature = temperature
        self.unknown = unknown
    }

    /// A query is unknown where its best logit is below `offset + slope x cohesion`: cohesion is the mean logit that
    /// supports have for their own label when left out. Where no label has two supports there is no cohesion, and the
    /// threshold is `oneShot`. Fitted so that a set share of queries of the labels themselves falls below.
    public struct Unknown: Equatable, Sendable {
        public var oneShot: Double
        public var offset: Double
        public var slope: Double

        public init(oneShot: Double, offset: Double, slope: Double) {
            self.oneShot = oneShot
            self.offset = offset
            self.slope = slope
        }

        public func threshold(cohesion: Double?) -> Double {
            cohesion.map { offset + slope * $0 } ?? oneShot
        }
    }

    /// Softmax of temperature x logits; a logit of `-infinity` has probability 0.
    public func probabilities(_ logits: [Double]) -> [Double] {
        guard let best = logits.max(), best.isFinite else { return logits.map { _ in 1 / Double(logits.count) } }
        let weights = logits.map { exp(temperature * ($0 - best)) }
        let total = weights.reduce(0, +)
        return weights.map { $0 / total }
    }
}
