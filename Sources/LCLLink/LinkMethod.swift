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
        guard features.rows == labels.count else {
            throw .support(reason: "\(labels.count) labels for \(features.rows) pictures")
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

/// A way to answer from examples: `link(support) -> context`, then `context.logits(queries)`.
public protocol LinkMethod: Sendable {
    /// - Throws: ``LinkError`` where the support set does not fit the method's features.
    func link(_ support: SupportSet) throws(LinkError) -> any LinkContext
}

/// A support set that queries can be asked against. Inductive: each row of an answer depends on that query alone,
/// bit for bit, whatever other rows are asked with it.
public protocol LinkContext: Sendable {
    /// The score of every label for every query: [queries x ways], higher is better.
    /// - Parameter queries: raw features, [queries x featureWidth].
    func logits(_ queries: Matrix) -> Matrix

    /// How alike every query and every support are, -1 to 1: [queries x supports].
    func similarities(_ queries: Matrix) -> Matrix

    /// What ``logits(_:)`` would say of each support were it not in the set: [supports x ways].
    /// `-infinity` where a label has no other support.
    func leaveOneOut() -> Matrix

    /// ``logits(_:)`` with the prototypes sharpened by the queries themselves: [queries x ways].
    /// Depends on all queries together and on their number, never on their order beyond rounding.
    func transductiveLogits(_ queries: Matrix) -> Matrix
}
