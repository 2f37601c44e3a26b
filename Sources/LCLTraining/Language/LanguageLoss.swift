// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor

/// Cross-entropies of what was asked, and their slope by the hidden rows asked: the mean over all questions, plus the weighted mean
/// over all answers.
struct LanguageLoss {
    private(set) var questions = 0.0
    private(set) var answers = 0.0
    /// Of each question, whether the right candidate's logit is above all others.
    private(set) var hits: [Bool] = []
    /// By the rows: those of the questions, then those of the answers, [n x width].
    private(set) var slope: Matrix

    /// - Parameters:
    ///   - rows: normalised outputs, `[questions and answers x width]`.
    ///   - counts: of questions and answers in the whole step, of which these may be a part.
    init(_ rows: Matrix, questions asked: [LanguageSequence.Question], answers told: [LanguageSequence.Answer], head: Matrix, counts: LanguageCounts) {
        slope = Matrix(rows: rows.rowCount, columns: rows.columnCount)
        for (row, question) in asked.enumerated() { add(question, rows, row, head, share: 1 / Double(counts.questions)) }
        guard !told.isEmpty else { return }
        var logits = rows.rows(asked.count..<rows.rowCount).timesTransposed(head)  // [answers x vocabulary]
        for (row, answer) in told.enumerated() {
            let share = Double(answer.weight) / Double(counts.answers)
            answers += share * logits.withMutableRow(row) { Self.crossEntropy($0, truth: answer.token, share: Float(share)) }
        }
        slope.add(logits * head, row: asked.count, column: 0)
    }

    private mutating func add(_ question: LanguageSequence.Question, _ rows: Matrix, _ row: Int, _ head: Matrix, share: Double) {
        var logits = question.candidates.map { candidate in rows.withRow(row) { x in head.withRow(candidate) { dotProduct(x, $0) } } }
        hits.append(logits.indices.allSatisfy { $0 == question.truth || logits[$0] < logits[question.truth] })
        questions += share * logits.withUnsafeMutableBufferPointer { Self.crossEntropy($0, truth: question.truth, share: Float(share)) }
        for (candidate, value) in zip(question.candidates, logits) { slope.add(head.rows(candidate..<candidate + 1), row: row, column: 0, times: value) }
    }

    /// -log softmax(values)[truth]; leaves share x its slope by the values in their place.
    private static func crossEntropy(_ values: UnsafeMutableBufferPointer<Float>, truth: Int, share: Float) -> Double {
        let highest = values.max()!, right = values[truth]
        var total = 0.0
        for i in values.indices {
            values[i] = exp(values[i] - highest)
            total += Double(values[i])
        }
        let scale = share / Float(total)
        for i in values.indices { values[i] *= scale }
        values[truth] -= share
        return log(total) + Double(highest - right)
    }
}

/// How much is asked in one step.
package struct LanguageCounts {
    package var questions: Int
    package var answers: Int

    package init(_ sequences: [LanguageSequence]) {
        questions = max(1, sequences.reduce(0) { $0 + $1.questions.count })
        answers = max(1, sequences.reduce(0) { $0 + $1.answers.count })
    }
}
