// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// A support set as a ``ConversationModel`` has read it. Its evidence is the likeness of pictures: the cosine of the means of their
/// embeddings.
struct LinkedSight: LinkedModel {
    /// Nothing: leaving each support out would read the conversation as often as it has supports.
    let check = SupportCheck.none
    let conversation: ConversationSummary?

    private let read: LinkedConversation
    private let calibration: JobCalibration
    private let rule: UnknownRule
    /// Of each support, at length 1.
    private let likenesses: [[Double]]
    /// Supports named as evidence.
    private static let nearest = 3

    init(_ read: LinkedConversation, supports: [Matrix], calibration: JobCalibration, rule: UnknownRule, summary: ConversationSummary) {
        (self.read, self.calibration, self.rule, conversation) = (read, calibration, rule, summary)
        likenesses = supports.map(\.direction)
    }

    /// Each query is answered by itself: a conversation cannot be sharpened by other queries.
    func answer(_ queries: [Matrix], transductive: Bool, alive: () throws -> Void) throws -> [LinkAnswer?] {
        zip(queries, try read.scores(queries, alive: alive)).map { query, score in score.map { answer(query.direction, $0) } }
    }

    private func answer(_ query: [Double], _ score: LanguageScore) -> LinkAnswer {
        let probabilities = calibration.probabilities(score.logits), ranked = score.logits.ranked()
        let similarities = likenesses.map { zip($0, query).reduce(0) { $0 + $1.0 * $1.1 } }
        return LinkAnswer(
            label: score.label, logits: score.logits, probabilities: probabilities,
            margin: ranked.count > 1 ? score.logits[ranked[0]] - score.logits[ranked[1]] : 0, unknown: isUnknown(probabilities[ranked[0]]),
            nearest: similarities.ranked().prefix(Self.nearest).map { .init(support: $0, similarity: similarities[$0]) },
            orderSensitivity: conversation.map { $0.orders > 1 } == true ? score.orderSensitivity : nil)
    }

    /// A language model's scores have no threshold that tells strangers: `auto` is never unknown.
    private func isUnknown(_ confidence: Double) -> Bool {
        if case .below(let least) = rule { confidence < least } else { false }
    }
}

extension Matrix {
    /// The mean of the rows, at length 1; zeros stay zeros.
    var direction: [Double] {
        var sum = [Double](repeating: 0, count: columnCount)
        for row in 0..<rowCount { withRow(row) { for i in sum.indices { sum[i] += Double($0[i]) } } }
        let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return length > 0 ? sum.map { $0 / length } : sum
    }
}
