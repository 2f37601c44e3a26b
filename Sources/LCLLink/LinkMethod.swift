// SPDX-License-Identifier: Apache-2.0
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
}

/// A way to answer from examples: `link(support) -> context`, then `context.scores(queries)`.
public protocol LinkMethod: Sendable {
    /// - Throws: ``LinkError`` where the support set does not fit the method's features.
    func link(_ support: SupportSet) throws(LinkError) -> any LinkContext
}

/// A support set that queries can be asked against.
public protocol LinkContext: Sendable {
    /// The scores of `queries` (raw features, [queries x featureWidth]).
    ///
    /// Each row depends on its own query alone, bit for bit, whatever other rows are asked with it; unless `transductive`:
    /// then the queries sharpen the prototypes together, and similarities stay as they were.
    func scores(_ queries: Matrix, transductive: Bool) -> LinkScores

    /// The logits of each support were it not in the set: [supports x ways].
    /// `-infinity` where its label has no other support.
    func leaveOneOutLogits() -> Matrix
}

/// What a context says of some queries.
public struct LinkScores: Sendable {
    /// The score of every label, higher is better: [queries x ways].
    public let logits: Matrix
    /// How alike query and support are, cosine, -1 to 1: [queries x supports].
    public let similarities: Matrix
}
