// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel

/// Lessons as a language model reads them: each picture right before its label, one a line; as the template `compact` shows a support set.
package struct LanguageLessons: Sendable {
    let tokenizer: Tokenizer
    /// Names of the sampler's classes.
    let classes: [String]
    /// To call the labels of every episode instead of what its strategy calls them.
    let names: [String]?

    /// What an answer's token counts for beside a question; the original task has only answers.
    static let answerWeight: Float = 0.1

    package init(_ tokenizer: Tokenizer, classes: [String], names: [String]? = nil) {
        (self.tokenizer, self.classes, self.names) = (tokenizer, classes, names)
    }

    /// - Parameter random: draws the names.
    package func sequence(_ lesson: Lesson, _ random: inout SeededRandom) -> LanguageSequence {
        var sequence = LanguageSequence()
        sequence.append(tokens: [tokenizer.vocabulary.beginning].compactMap(\.self))
        switch lesson {
        case .link(let episode): add(episode, called: labels(episode, &random).map(tokens), &sequence)
        case .original(let pictures):
            for picture in pictures {
                let label = tokens(classes[picture.label])
                sequence.append(picture: picture.row)
                sequence.append(answer: label, weight: 1)
                sequence.append(tokens: label)
            }
        }
        return sequence
    }

    private func tokens(_ label: String) -> [Int] { tokenizer.encode(" \(label)\n") }

    /// Names whose first tokens differ, as far as there are any.
    private func labels(_ episode: LinkEpisode, _ random: inout SeededRandom) -> [String] {
        guard let names else { return episode.labels }
        var chosen: [String] = [], firsts: Set<Int> = []
        for name in random.sample(names.count, of: names) where chosen.count < episode.labels.count {
            if firsts.insert(tokens(name)[0]).inserted { chosen.append(name) }
        }
        return chosen.count == episode.labels.count ? chosen : episode.labels
    }

    private func add(_ episode: LinkEpisode, called labels: [[Int]], _ sequence: inout LanguageSequence) {
        let fork = Self.fork(labels), candidates = labels.map { $0[fork] }
        var seen: Set<Int> = []
        func ask(_ example: LinkEpisode.Example, isQuery: Bool) {
            sequence.append(picture: example.row)
            if seen.count == labels.count {
                sequence.questions.append(
                    .init(position: sequence.tokens.count - 1 + fork, candidates: candidates, truth: example.label, isQuery: isQuery))
            }
            if isQuery { sequence.append(answer: labels[example.label], weight: Self.answerWeight) }
            sequence.append(tokens: labels[example.label])
            seen.insert(example.label)
        }
        for support in episode.supports { ask(support, isQuery: false) }
        for query in episode.queries { ask(query, isQuery: true) }
    }

    /// The first token in which the labels differ; the shortest label's last where it begins all others.
    private static func fork(_ labels: [[Int]]) -> Int {
        let last = labels.map(\.count).min()! - 1
        return (0..<max(0, last)).first { i in labels.contains { $0[i] != labels[0][i] } } ?? max(0, last)
    }
}

extension LanguageSequence {
    /// Asks for these tokens from here on; they are to be appended next.
    fileprivate mutating func append(answer label: [Int], weight: Float) {
        for (index, token) in label.enumerated() { answers.append(Answer(position: tokens.count - 1 + index, token: token, weight: weight)) }
    }
}
