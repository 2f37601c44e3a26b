// SPDX-License-Identifier: Apache-2.0

/// A lesson as a language model reads it: tokens with pictures among them, and what is asked of it where.
package struct LanguageSequence: Equatable, Sendable {
    /// Which of some tokens comes next? Asked before every support once all labels were seen, and of the query.
    package struct Question: Equatable, Sendable {
        /// The position whose output is asked.
        package var position: Int
        package var candidates: [Int]
        /// Its place among the candidates.
        package var truth: Int
        /// Of the query rather than of a support.
        package var isQuery: Bool

        package init(position: Int, candidates: [Int], truth: Int, isQuery: Bool) {
            (self.position, self.candidates, self.truth, self.isQuery) = (position, candidates, truth, isQuery)
        }
    }

    /// Which of all tokens comes next?
    package struct Answer: Equatable, Sendable {
        package var position: Int
        package var token: Int
        /// What it counts for beside a question.
        package var weight: Float

        package init(position: Int, token: Int, weight: Float) {
            (self.position, self.token, self.weight) = (position, token, weight)
        }
    }

    /// One a position; at a picture it does not count.
    package var tokens: [Int] = []
    /// Positions of pictures, and their rows in the table.
    package var pictures: [(position: Int, row: Int)] = []
    package var questions: [Question] = []
    package var answers: [Answer] = []

    package init() {}

    package mutating func append(tokens more: [Int]) { tokens += more }

    package mutating func append(picture row: Int) {
        pictures.append((tokens.count, row))
        tokens.append(0)
    }

    package static func == (a: LanguageSequence, b: LanguageSequence) -> Bool {
        a.tokens == b.tokens && a.questions == b.questions && a.answers == b.answers
            && a.pictures.elementsEqual(b.pictures) { $0.position == $1.position && $0.row == $1.row }
    }
}
