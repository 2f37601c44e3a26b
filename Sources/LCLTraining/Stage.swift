// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import LCLTensor

/// Some classes' pictures in a feature space, ready to run episodes on.
package struct Stage {
    let space: FeatureSpace
    let sampler: EpisodeSampler
    /// The pictures in the space: [pictures of the classes x width].
    private let points: Matrix
    /// The row of ``points`` of each row of the table.
    private let place: [Int: Int]

    /// - Parameter taps: the space's, in its order.
    init(_ table: FeatureTable, classes: [FeatureTable.Class], space: FeatureSpace, sampler: EpisodeSampler) {
        self.space = space
        self.sampler = sampler
        let rows = classes.flatMap(\.rows)
        place = Dictionary(uniqueKeysWithValues: rows.enumerated().map { ($1, $0) })
        points = space.embed(table.features(of: rows, taps: space.parts.map(\.tap)))
    }

    func run(_ episode: Episode, transductive: Bool = false) -> Trial {
        let ways = episode.supports.count
        let labels = episode.supports.indices.flatMap { label in episode.supports[label].map { _ in label } }
        let context = NearestMeanContext(
            space: space, supports: gather(episode.supports.flatMap { $0 }), labels: labels, ways: ways)
        let queries = gather(episode.queries.map(\.row) + episode.outsiders)
        let logits = context.logits(embedded: queries, transductive: transductive)
        return Trial(
            logits: (0..<queries.rowCount).map { logits.row($0).map(Double.init) },
            truths: episode.queries.map(\.label) + episode.outsiders.map { _ in nil },
            cohesion: SupportCheck.cohesion(context.leaveOneOutLogits(), labels: labels))
    }

    /// Up to `count` trials of one shape.
    func trials(_ shape: EpisodeSampler.Shape, count: Int, _ random: inout SeededRandom) -> [Trial] {
        var trials: [Trial] = []
        while trials.count < count, let episode = sampler.episode(shape, &random) { trials.append(run(episode)) }
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
    /// See ``Calibration/Unknown``.
    package let cohesion: Double?

    package init(logits: [[Double]], truths: [Int?], cohesion: Double?) {
        self.logits = logits
        self.truths = truths
        self.cohesion = cohesion
    }

    /// Of each query that has a right label, whether its logit is above all others.
    var hits: [Bool] {
        zip(logits, truths).compactMap { row, truth in
            truth.map { truth in row.indices.allSatisfy { $0 == truth || row[$0] < row[truth] } }
        }
    }
}
