// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLTensor

/// One question: pictures of a few classes as supports, others of the same classes as queries. All are rows of a table.
package struct Episode {
    /// Of each label.
    package var supports: [[Int]]
    package var queries: [(row: Int, label: Int)]
    /// Queries of a class that has no supports.
    package var outsiders: [Int] = []
    /// What each label is called; empty where it does not matter.
    package var names: [String] = []

    package init(supports: [[Int]], queries: [(row: Int, label: Int)]) {
        self.supports = supports
        self.queries = queries
    }
}

/// Where the classes that a class must be told from come from.
public enum Negatives: String, CaseIterable, Codable, Sendable {
    /// The most similar classes of the same source, by the plain features of the network's head.
    case hard
    /// Any class of the same source.
    case random
}

/// Draws episodes from the classes of one source.
package struct EpisodeSampler {
    /// How an episode is to be.
    package struct Shape {
        package var ways = 2
        package var shots = 1
        /// Queries of each label, as far as a class has pictures; the last stands for the labels after it.
        package var queries = [1, 0]
        package var outsiders = 0
        package var negatives = Negatives.hard

        package init(
            ways: Int = 2, shots: Int = 1, queries: [Int] = [1, 0], outsiders: Int = 0, negatives: Negatives = .hard
        ) {
            self.ways = ways
            self.shots = shots
            self.queries = queries
            self.outsiders = outsiders
            self.negatives = negatives
        }

        func queries(of label: Int) -> Int { queries[min(label, queries.count - 1)] }

        /// Pictures that the class of a label must have.
        func fewest(of label: Int) -> Int { shots + min(1, queries(of: label)) }
    }

    /// The tap that hard negatives are found by.
    package static let miningTap = "head.mean"
    /// Classes with fewer pictures are left out.
    static let fewestPictures = 5
    /// Classes that must be there for figures to mean something.
    static let fewestClasses = 15

    private let classes: [FeatureTable.Class]
    /// Of each class, the most similar others, best first.
    private let neighbours: [[Int]]

    /// - Parameters:
    ///   - classes: of one source; those with too few pictures are left out.
    ///   - mean: of the mining tap's features over all training pictures.
    ///   - hardest: how many neighbours a class has for hard negatives.
    package init(_ table: FeatureTable, classes: [FeatureTable.Class], mean: [Float], hardest: Int = 5) {
        let classes = classes.filter { $0.rows.count >= Self.fewestPictures }
        self.classes = classes
        let likeness = Self.likeness(table, classes: classes, mean: mean)
        neighbours = classes.indices.map { index in
            let row = likeness.row(index)
            return classes.indices.filter { $0 != index }.sorted { row[$0] > row[$1] }.prefix(hardest).map { $0 }
        }
    }

    /// Cosines of the classes' means of centred unit features: [classes x classes].
    private static func likeness(_ table: FeatureTable, classes: [FeatureTable.Class], mean: [Float]) -> Matrix {
        guard !classes.isEmpty else { return Matrix(rows: 0, columns: 0) }
        let features = table.tap(miningTap)
        var means = Matrix(classes.map { group in
            var points = features.gather(group.rows)
            points.subtractFromRows(mean)
            points.normalizeRows()
            return points.meanRow()
        })
        means.normalizeRows()
        return means.timesTransposed(means)
    }

    /// Whether there are enough classes for figures to mean something.
    package func isFeasible(shots: Int) -> Bool {
        classes.count { $0.rows.count > shots } >= Self.fewestClasses
    }

    /// `nil` where a hundred draws in a row find no episode of that shape.
    package func episode(_ shape: Shape, _ random: inout SeededRandom) -> Episode? {
        let pool = classes.indices.filter { classes[$0].rows.count >= shape.fewest(of: 0) }
        guard !pool.isEmpty else { return nil }
        for _ in 0..<100 {
            let first = pool[random.below(pool.count)]
            let around = shape.negatives == .hard ? neighbours[first] : pool.filter { $0 != first }
            let candidates = around.filter { classes[$0].rows.count >= shape.fewest(of: 1) }
            guard candidates.count >= shape.ways - 1 else { continue }
            let chosen = [first] + random.sample(shape.ways - 1, of: candidates)
            let others = around.filter { !chosen.contains($0) }
            guard shape.outsiders == 0 || !others.isEmpty else { continue }
            return draw(chosen, others: others, shape, &random)
        }
        return nil
    }

    private func draw(_ chosen: [Int], others: [Int], _ shape: Shape, _ random: inout SeededRandom) -> Episode {
        var episode = Episode(supports: [], queries: [])
        for (label, index) in chosen.enumerated() {
            episode.names.append(classes[index].name)
            let rows = classes[index].rows
            let drawn = random.sample(min(rows.count, shape.shots + shape.queries(of: label)), of: rows)
            episode.supports.append(Array(drawn.prefix(shape.shots)))
            episode.queries += drawn.dropFirst(shape.shots).map { ($0, label) }
        }
        if shape.outsiders > 0 {
            let rows = classes[others[random.below(others.count)]].rows
            episode.outsiders = random.sample(min(shape.outsiders, rows.count), of: rows)
        }
        return episode
    }
}
