// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// What a support set says of itself, each support left out in turn: all that a job's calibration goes by.
public struct SupportTraits: Equatable, Codable, Sendable {
    /// How much supports look like the others of their label, the mean; `nil` where no label has two supports.
    public let cohesion: Double?
    /// How much they look like the nearest of the other labels, the mean; `nil` where there is one label.
    public let crossing: Double?
    /// How far a picture of a label may well lie from ``cohesion``: the standard deviation of what that is the mean of, drawn
    /// towards 0.1 where supports are few, and a little of how far labels are apart.
    public let scatter: Double
    /// The answers to supports whose label has others.
    public let answers: [Answer]

    public struct Answer: Equatable, Codable, Sendable {
        public let logits: [Double]
        /// The label that the support has.
        public let label: Int

        package init(logits: [Double], label: Int) {
            self.logits = logits
            self.label = label
        }
    }

    /// - Parameters:
    ///   - own: how much each support looks like the others of its label.
    ///   - other: how much each looks like the nearest other label.
    package init(own: [Double] = [], other: [Double] = [], answers: [Answer] = []) {
        cohesion = Self.mean(own)
        crossing = Self.mean(other)
        self.answers = answers
        let middle = cohesion ?? 0, squares = own.reduce(0) { $0 + ($1 - middle) * ($1 - middle) }
        let deviation = ((squares + Self.usual * Self.usual * Self.weight) / (Double(own.count) + Self.weight)).squareRoot()
        scatter = deviation + Self.share * max(0, middle - (crossing ?? middle))
    }

    package init(_ leftOut: LeftOut, labels: [Int]) {
        let answers = labels.enumerated().map { Answer(logits: leftOut.logits.row($0).map(Double.init), label: $1) }
        self.init(
            own: leftOut.own.filter(\.isFinite).map(Double.init), other: leftOut.other.filter(\.isFinite).map(Double.init),
            answers: answers.filter { $0.logits[$0.label].isFinite })
    }

    /// Chosen on training classes, as the rule that gives up a like share of own queries on every source: see docs/accuracy.md.
    private static let usual = 0.1, weight = 4.0, share = 0.15

    private static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
}
