// SPDX-License-Identifier: Apache-2.0
import LCLModel
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

    /// Columns of the features that are compared.
    private let columns: Range<Int>
    private let space: FeatureSpace
    private let context: any LinkContext
    private let calibration: JobCalibration
    private let rule: UnknownRule

    /// - Parameter columns: of the features, those that the method compares; `nil`: all.
    /// - Throws: ``LinkError`` where the support set does not fit the method.
    public init(
        _ support: SupportSet, at columns: Range<Int>? = nil, method: some LinkMethod, calibration: Calibration, unknown rule: UnknownRule = .auto
    ) throws(LinkError) {
        space = method.space
        self.columns = columns ?? 0..<support.features.columnCount
        context = try method.link(support.columns(self.columns))
        let leftOut = context.leftOut()
        self.calibration = calibration.job(SupportTraits(leftOut, labels: support.labels))
        // Suspects are judged by the model's own calibration: in the job's they would speak for themselves.
        check = SupportCheck(
            leftOut, labels: support.labels, calibration: calibration.job(SupportTraits()), confidenceTrusted: self.calibration.isTrusted)
        self.rule = rule
    }

    /// The answers to `queries` (raw features, [queries x featureWidth]), in their order. Each depends on its own query
    /// alone, bit for bit, unless `transductive`: then all queries of the job must be given at once.
    /// - Parameter nearest: how many supports to name as evidence.
    public func answer(_ queries: Matrix, transductive: Bool = false, nearest: Int = 3) -> [LinkAnswer] {
        let scores = context.scores(space.embed(queries.columns(columns)), transductive: transductive)
        return (0..<queries.rowCount).map { query in
            answer(scores.logits.row(query), Double(scores.likeness[query]), scores.similarities.row(query), nearest: nearest)
        }
    }

    private func answer(_ row: [Float], _ likeness: Double, _ similarities: [Float], nearest: Int) -> LinkAnswer {
        let logits = row.map(Double.init)
        let probabilities = calibration.probabilities(logits)
        let ranked = logits.ranked()
        let unknown =
            switch rule {
            case .auto: likeness < calibration.threshold
            case .off: false
            case .below(let least): probabilities[ranked[0]] < least
            }
        return LinkAnswer(
            label: ranked[0], logits: logits, probabilities: probabilities,
            margin: ranked.count > 1 ? logits[ranked[0]] - logits[ranked[1]] : 0, unknown: unknown,
            nearest: similarities.ranked().prefix(nearest).map {
                LinkAnswer.Neighbour(support: $0, similarity: Double(similarities[$0]))
            })
    }
}

/// The answer to one query. Labels and supports are given by their number.
public struct LinkAnswer: Equatable, Sendable {
    /// The best label; of equals, the first.
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
    /// Share of the orders of the support set whose own best label is another, 0 to 1; `nil` where order means nothing.
    public var orderSensitivity: Double?

    public struct Neighbour: Equatable, Sendable {
        public let support: Int
        /// Cosine in the method's space, -1 to 1.
        public let similarity: Double
    }
}

extension Array where Element: Comparable {
    /// Indices, best value first; equals in their order.
    func ranked() -> [Int] {
        indices.sorted { self[$0] != self[$1] ? self[$0] > self[$1] : $0 < $1 }
    }
}
