// SPDX-License-Identifier: Apache-2.0
import LCLImage
import LCLLink
import LCLTensor

/// How a language model's answers are counted.
public enum LanguageProtocol: String, CaseIterable, Codable, Sendable {
    /// The label with the highest score.
    case forcedChoice = "forced-choice"
    /// The model speaks; right where the right label occurs and no other (Tai et al., arXiv 2308.07891).
    case paper
}

/// A language model that answers episodes.
package final class LanguageStage: EpisodeMethod {
    let model: ConversationModel
    let counting: LanguageProtocol
    let options: LinkOptions
    private let pictures: EmbeddedPictures
    /// Paths by the number of an episode's row.
    private let paths: [String]

    init(_ model: ConversationModel, paths: [String], counting: LanguageProtocol, options: LinkOptions, bytes: Int = 2 << 30) {
        (self.model, self.paths, self.counting, self.options) = (model, paths, counting, options)
        pictures = EmbeddedPictures(model.encoder(limits: ImageLimits()), bytes: bytes)
    }

    var failures: [String: String] { pictures.failures }

    /// The mean of a picture's embedding, what hard negatives are found by; `nil` where it cannot be read.
    func likeness(_ row: Int) -> [Float]? { pictures.entry(paths[row])?.embedding.meanRow() }

    package func answer(_ episode: Episode) throws -> Trial {
        let supports = episode.supports.map { $0.map { paths[$0] } }
        let queries = (episode.queries.map(\.row) + episode.outsiders).map { paths[$0] }
        let truths: [Int?] = episode.queries.map(\.label) + episode.outsiders.map { _ in nil }
        let logits = try answer(supports: supports, names: episode.names, queries: queries, truths: truths) ?? []
        return Trial(logits: logits, truths: logits.isEmpty ? [] : truths)
    }

    /// One logit a label of each query. Where free answers are counted, the right label of a right one has 1, and all else 0.
    /// - Returns: `nil` where a picture cannot be read or a query has no room.
    func answer(supports: [[String]], names: [String], queries: [String], truths: [Int?]) throws -> [[Double]]? {
        let entries = supports.flatMap { $0 }.map(pictures.entry), asked = queries.map(pictures.entry)
        guard !(entries + asked).contains(where: { $0 == nil }) else { return nil }
        let labels = supports.indices.flatMap { label in supports[label].map { _ in label } }
        let shown = LabelledPictures(
            pictures: entries.map { $0!.embedding }, labels: labels, names: names, digests: entries.map { $0!.digest })
        let embeddings = asked.map { $0!.embedding }
        switch counting {
        case .forcedChoice:
            let answers = try model.link(shown, by: nil, options: options, alive: {}).answer(embeddings, transductive: false, alive: {})
            return answers.contains { $0 == nil } ? nil : answers.map { $0!.logits }
        case .paper:
            let words = try model.converse(shown, options: options).freeAnswers(embeddings), called = try model.called(names)
            return zip(words, truths).map { words, truth in
                called.indices.map { $0 == truth && FreeAnswer.isRight(words, label: $0, names: called) ? 1 : 0 }
            }
        }
    }
}
