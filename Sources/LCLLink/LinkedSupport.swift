// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// When an answer is `unknown` rather than the best of the labels.
public enum UnknownRule: Equatable, Sendable {
    /// By the support set's own leave-one-out scores; with one support a label, by a threshold stored in the model.
    case auto
    /// Never.
    case off
    /// Where the calibrated probability of the best label is below this, 0 to 1.
    case below(Double)
}

/// A support set ready to answer: what a job keeps from its supports.
public struct LinkedSupport: Sendable {
    /// What the supports say of each other.
    public let check: SupportCheck

    /// The answers to `queries` (raw features, [queries x featureWidth]), in their order. Each depends on its own query
    /// alone, bit for bit, unless `transductive`: then all queries of the job must be given at once.
    /// - Parameter nearest: how many supports to name as evidence.
    public func answer(_ queries: Matrix, transductive: Bool = false, nearest: Int = 3) -> [LinkAnswer] {
        fatalError("unwritten")
    }
}

/// The answer to one query. Labels and supports are given by their number.
public struct LinkAnswer: Equatable, Sendable {
    /// The best label.
    public let label: Int
    /// The method's own score of every label.
    public let logits: [Double]
    /// Calibrated, summing to 1 over the labels.
    public let probabilities: [Double]
    /// Best logit minus second best; 0 where there is one label only.
    public let margin: Double
    /// The query looks like none of the labels.
    public let unknown: Bool
    /// The supports most like the query, best first; equals in support order.
    public let nearest: [Neighbour]

    public struct Neighbour: Equatable, Sendable {
        public let support: Int
        /// Cosine in the method's space, -1 to 1.
        public let similarity: Double
    }
}

/// What a support set says of itself when each support is asked as a query of all the others.
public struct SupportCheck: Equatable, Sendable {
    /// Share of supports that the others classify rightly, 0 to 1; `nil` where some label has one support only.
    public let leaveOneOutAccuracy: Double?
    /// Supports that the others clearly give another label, in support order.
    public let suspects: [Suspect]

    public struct Suspect: Equatable, Sendable {
        public let support: Int
        public let looksLike: Int
        /// Calibrated probability of ``looksLike``.
        public let confidence: Double
    }
}
