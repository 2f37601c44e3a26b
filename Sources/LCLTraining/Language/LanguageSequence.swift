// SPDX-License-Identifier: Apache-2.0
import LCLLink

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

    /// A picture among the tokens.
    package struct Picture: Equatable, Sendable {
        package var position: Int
        /// Its row in the table.
        package var row: Int
        /// Another that it is blended with, in equal parts.
        package var blend: Int?
    }

    /// One a position; at a picture it does not count.
    package var tokens: [Int] = []
    package var pictures: [Picture] = []
    package var questions: [Question] = []
    package var answers: [Answer] = []

    package init() {}

    package mutating func append(tokens more: [Int]) { tokens += more }

    package mutating func append(picture row: Int) {
        pictures.append(Picture(position: tokens.count, row: row))
        tokens.append(0)
    }

    /// Every picture blended with one of `rows`, those of another class: the lesson's classes become ones that no tree has, and differ in a part
    /// of what they show.
    package mutating func blend(with rows: [Int], _ random: inout SeededRandom) {
        for index in pictures.indices { pictures[index].blend = rows[random.below(rows.count)] }
    }
}
