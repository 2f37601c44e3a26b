// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import LCLTensor

/// Some classes' pictures in a feature space, ready to run episodes on.
package struct Stage {
    let method: any LinkMethod
    let sampler: EpisodeSampler
    /// The pictures in the space: [pictures of the classes x width].
    private let points: Matrix
    /// The row of ``points`` of each row of the table.
    private let place: [Int: Int]

    init(_ table: FeatureTable, classes: [FeatureTable.Class], method: any LinkMethod, sampler: EpisodeSampler) {
        self.method = method
        self.sampler = sampler
        let rows = classes.flatMap(\.rows)
        place = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
        points = method.space.embed(table.features(of: rows, taps: method.space.parts.map(\.tap)))
    }

    /// - Throws: `LinkError` where features are not finite.
    func run(_ episode: Episode, transductive: Bool = false) throws -> Trial {
        let labels = episode.supports.indices.flatMap { label in episode.supports[label].map { _ in label } }
        let context = try method.link(gather(episode.supports.flatMap { $0 }), labels: labels, ways: episode.supports.count)
        let queries = gather(episode.queries.map(\.row) + episode.outsiders)
        let scores = context.scores(queries, transductive: transductive)
        return Trial(
            logits: (0..<queries.rowCount).map { scores.logits.row($0).map(Double.init) },
            truths: episode.queries.map(\.label) + episode.outsiders.map { _ in nil },
            likeness: scores.likeness.map(Double.init), support: SupportTraits(context.leftOut(), labels: labels))
    }

    /// Up to `count` trials of one shape.
    func trials(_ shape: EpisodeSampler.Shape, count: Int, _ random: inout SeededRandom) throws -> [Trial] {
        var trials: [Trial] = []
        while trials.count < count, let episode = sampler.episode(shape, &random) { trials.append(try run(episode)) }
        return trials
    }

    private func gather(_ rows: [Int]) -> Matrix {
        points.gather(rows.map { place[$0]! })
    }
}

/// An episode's outcome.
package struct Trial: Codable {
    /// Of each query, one logit a label.
    package let logits: [[Double]]
    /// The right label of each query; `nil` for one of another class.
    package let truths: [Int?]
    /// Of each query, how much it looks like the label it looks most like.
    package let likeness: [Double]
    /// What the calibration goes by.
    package let support: SupportTraits

    package init(logits: [[Double]], truths: [Int?], likeness: [Double] = [], support: SupportTraits = SupportTraits()) {
        self.logits = logits
        self.truths = truths
        self.likeness = likeness
        self.support = support
    }

    /// Of each query that has a right label, whether its logit is above all others.
    var hits: [Bool] {
        zip(logits, truths).compactMap { row, truth in
            truth.map { truth in row.indices.allSatisfy { $0 == truth || row[$0] < row[truth] } }
        }
    }
}
