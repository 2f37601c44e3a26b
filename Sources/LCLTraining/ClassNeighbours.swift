// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// The classes T that are trained on, and for each the most similar others N_t, most similar first: by the cosine of class
/// means in the plain centred features of the encoder's head.
public struct ClassNeighbours: Sendable {
    public let classes: [FeatureTable.Class]
    /// Of each class, numbers in ``classes``; at most ``NeighbourRank/farthest``. Equals in order of number.
    public let ranked: [[Int]]

    /// - Throws: ``TrainingError/tooFew(what:found:needed:)`` where fewer than two classes have two pictures.
    public init(_ table: FeatureTable, classes: [FeatureTable.Class]) throws(TrainingError) {
        let classes = classes.filter { $0.rows.count >= 2 }
        guard classes.count >= 2 else { throw .tooFew(what: "classes with two pictures", found: classes.count, needed: 2) }
        let likeness = Self.likeness(table.tap(EpisodeSampler.miningTap), classes)
        self.classes = classes
        ranked = classes.indices.map { index in
            let row = likeness.row(index)
            let others = classes.indices.filter { $0 != index }
            return Array(others.sorted { (row[$1], $0) < (row[$0], $1) }.prefix(NeighbourRank.farthest))
        }
    }

    /// Cosines of the classes' means: [classes x classes].
    private static func likeness(_ features: Matrix, _ classes: [FeatureTable.Class]) -> Matrix {
        let mean = features.gather(classes.flatMap(\.rows)).meanRow()
        var means = Matrix(classes.map { group in
            var points = features.gather(group.rows)
            points.subtractFromRows(mean)
            points.normalizeRows()
            return points.meanRow()
        })
        means.normalizeRows()
        return means.timesTransposed(means)
    }
}
