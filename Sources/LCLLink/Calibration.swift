// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What turns a method's logits into probabilities and into `unknown`, together with a job's own supports; fitted on held-out
/// training episodes.
public struct Calibration: Equatable, Sendable {
    /// The median of the prior of temperatures: see ``JobCalibration``.
    public var temperature: Double
    public var unknown: Unknown

    public init(temperature: Double, unknown: Unknown) {
        self.temperature = temperature
        self.unknown = unknown
    }

    /// What holds for a job with such a support set.
    public func job(_ support: SupportTraits) -> JobCalibration {
        JobCalibration(median: temperature, support: support, threshold: unknown.threshold(support))
    }

    /// A query is unknown where its likeness is below a threshold; fitted so that a set share of the labels' own queries falls below.
    public struct Unknown: Equatable, Sendable {
        /// With one support a label: so far above the labels' likeness to each other.
        public var oneShot: Double
        /// Otherwise: so many of the supports' own ``SupportTraits/scatter`` below their cohesion. In these units domains agree.
        public var reach: Double

        public init(oneShot: Double, reach: Double) {
            self.oneShot = oneShot
            self.reach = reach
        }

        public func threshold(_ support: SupportTraits) -> Double {
            support.cohesion.map { $0 - reach * support.scatter } ?? (support.crossing ?? 0) + oneShot
        }
    }
}

extension Calibration: CustomStringConvertible {
    public var description: String {
        String(
            format: "temperature %.1f; unknown below cohesion - %.2f x scatter, with one support a label below crossing + %.3f", temperature,
            unknown.reach, unknown.oneShot)
    }
}
