// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

/// The labelled pictures of an episode, as the encoder sees them. Labels are numbers: 0 ..< ``ways``.
public struct SupportSet: Sendable {
    /// Raw features of the model's taps, joined: [supports x featureWidth].
    public let features: Matrix
    /// The label of each support.
    public let labels: [Int]
    /// How many labels there are; each has at least one support.
    public let ways: Int

    /// - Throws: ``LinkError/support(reason:)`` where labels and features do not fit together, or a label has no support.
    public init(features: Matrix, labels: [Int], ways: Int) throws(LinkError) {
        guard features.rowCount == labels.count else {
            throw .support(reason: "\(labels.count) labels for \(features.rowCount) pictures")
        }
        guard ways >= 1, labels.allSatisfy((0..<ways).contains) else {
            throw .support(reason: "a label lies outside 0 ..< \(ways)")
        }
        if let empty = (0..<ways).first(where: { !labels.contains($0) }) {
            throw .support(reason: "label \(empty) has no support")
        }
        self.features = features
        self.labels = labels
        self.ways = ways
    }

    /// The same set with some of its features.
    func columns(_ range: Range<Int>) throws(LinkError) -> SupportSet {
        guard range.upperBound <= features.columnCount else { throw .features(expected: range.upperBound, found: features.columnCount) }
        return try SupportSet(features: features.columns(range), labels: labels, ways: ways)
    }
}

/// A way to answer from examples: `link(support) -> context`, then `context.scores(queries)`.
public protocol LinkMethod: Sendable {
    /// Where it compares pictures.
    var space: FeatureSpace { get }

    /// - Parameters:
    ///   - supports: points of ``space``, [supports x width].
    ///   - labels: of each support, in 0 ..< ways; none is without a support.
    /// - Throws: ``LinkError/support(reason:)`` where the points are not finite.
    func link(_ supports: Matrix, labels: [Int], ways: Int) throws(LinkError) -> any LinkContext
}

extension LinkMethod {
    /// - Throws: ``LinkError`` where the support set does not fit the method's features.
    public func link(_ support: SupportSet) throws(LinkError) -> any LinkContext {
        guard support.features.columnCount == space.featureWidth else {
            throw .features(expected: space.featureWidth, found: support.features.columnCount)
        }
        return try link(space.embed(support.features), labels: support.labels, ways: support.ways)
    }
}

/// A support set that queries can be asked against.
public protocol LinkContext: Sendable {
    /// The scores of `queries` (points of the method's space, [queries x width]).
    ///
    /// Each row depends on its own query alone, bit for bit, whatever other rows are asked with it; unless `transductive`:
    /// then the queries sharpen the prototypes together; likeness and similarities stay as they were.
    func scores(_ queries: Matrix, transductive: Bool) -> LinkScores

    /// What the set says of each support were it not in it.
    func leftOut() -> LeftOut
}

/// What a context says of some queries.
public struct LinkScores: Sendable {
    /// The score of every label, higher is better: [queries x ways].
    public let logits: Matrix
    /// How much each query looks like the label that it looks most like: [queries]. What ``UnknownRule/auto`` goes by.
    public let likeness: [Float]
    /// How alike query and support are, cosine, -1 to 1: [queries x supports].
    public let similarities: Matrix
}

/// What a context says of its own supports, each left out in turn.
public struct LeftOut: Sendable {
    /// [supports x ways]; `-infinity` for the own label where it has no other support.
    public let logits: Matrix
    /// How much each support looks like the others of its label, as ``LinkScores/likeness``; `-infinity` where there are none.
    public let own: [Float]
    /// How much it looks like the nearest of the other labels; `-infinity` where there is no other.
    public let other: [Float]

    init(logits: Matrix, likeness: Matrix, labels: [Int]) {
        self.logits = logits
        own = labels.enumerated().map { likeness[$0, $1] }
        other = labels.enumerated().map { support, label in
            likeness.row(support).enumerated().reduce(-.infinity) { $1.offset == label ? $0 : max($0, $1.element) }
        }
    }
}
