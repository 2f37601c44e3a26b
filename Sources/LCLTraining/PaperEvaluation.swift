// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor

/// The paper's benchmarks as a forced choice of two labels (a guess is right half of the time; the paper's own tables are of
/// free generation, where it hardly ever is).
public struct PaperEvaluation: Sendable {
    /// Accuracy with one number of supports.
    public struct Cell: Codable, Equatable, Sendable {
        /// As the paper counts: supports of both labels together.
        public var n: Int
        public var questions: Int
        /// Questions whose query or every support of a label could not be read, or with too few supports.
        public var leftOut: Int
        public var accuracy: Double
        public var interval: Double
    }

    public let episodes: [PaperEpisode]

    public init(_ episodes: [PaperEpisode]) {
        self.episodes = episodes
    }

    /// Every picture as a class of its own, to be encoded once.
    public var pictures: PictureTree {
        let paths = Set(episodes.flatMap { [$0.query] + $0.supports.flatMap { $0 } }).sorted()
        return PictureTree(root: "", classes: paths.map { PictureTree.Class(source: "", name: $0, pictures: [$0]) })
    }

    /// - Parameters:
    ///   - table: of ``pictures``.
    ///   - supports: numbers of supports of both labels together; even.
    /// - Throws: `LinkError` where features are not finite.
    public func run(_ table: FeatureTable, method: some LinkMethod, supports: [Int]) throws -> [Cell] {
        let rows = Dictionary(uniqueKeysWithValues: table.classes.map { ($0.name, $0.rows[0]) })
        let space = method.space, points = space.embed(table.features(of: Array(0..<table.features.rowCount), taps: space.parts.map(\.tap)))
        return try supports.map { n in
            let hits = try episodes.compactMap { try hit($0, rows, points, method, shots: n / 2) }
            let (mean, half) = interval95(hits.map { $0 ? 100 : 0 })
            return Cell(n: n, questions: hits.count, leftOut: episodes.count - hits.count, accuracy: mean, interval: half)
        }
    }

    /// A language model's answers to the same questions.
    /// - Parameter options: its seed orders the supports.
    /// - Returns: the cells, and why pictures were left out.
    public func run(
        _ model: ConversationModel, supports: [Int], counting: LanguageProtocol, options: LinkOptions
    ) throws -> (cells: [Cell], skipped: [String: String]) {
        let stage = LanguageStage(model, paths: [], counting: counting, options: options)
        let cells = try supports.map { n in
            let hits = try episodes.compactMap { try hit($0, stage, shots: n / 2) }
            let (mean, half) = interval95(hits.map { $0 ? 100 : 0 })
            return Cell(n: n, questions: hits.count, leftOut: episodes.count - hits.count, accuracy: mean, interval: half)
        }
        return (cells, stage.failures)
    }

    private func hit(_ episode: PaperEpisode, _ stage: LanguageStage, shots: Int) throws -> Bool? {
        guard episode.supports.allSatisfy({ $0.count >= shots }) else { return nil }
        let logits = try stage.answer(
            supports: episode.supports.map { Array($0.prefix(shots)) }, names: episode.names, queries: [episode.query], truths: [episode.label])
        return logits.map { $0[0][episode.label] > $0[0][1 - episode.label] }
    }

    /// `nil` where the question cannot be asked. Of equal scores neither is right.
    private func hit(_ episode: PaperEpisode, _ rows: [String: Int], _ points: Matrix, _ method: some LinkMethod, shots: Int) throws -> Bool? {
        guard let query = rows[episode.query], episode.supports.allSatisfy({ $0.count >= shots }) else { return nil }
        let supports = episode.supports.map { $0.prefix(shots).compactMap { rows[$0] } }
        guard supports.allSatisfy({ !$0.isEmpty }) else { return nil }
        let labels = supports.enumerated().flatMap { label, rows in rows.map { _ in label } }
        let context = try method.link(points.gather(supports.flatMap { $0 }), labels: labels, ways: 2)
        let logits = context.scores(points.gather([query]), transductive: false).logits.row(0)
        return logits[episode.label] > logits[1 - episode.label]
    }
}
