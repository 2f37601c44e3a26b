// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor

/// Nearest class mean in a feature space: a label's prototype is the mean of its supports, its score the cosine to it
/// (Snell et al., arXiv 1703.05175). `prototype` in the space of frozen features, `metric` in a learned one.
public struct NearestMean: LinkMethod {
    public let space: FeatureSpace

    public init(space: FeatureSpace) {
        self.space = space
    }

    public func link(_ supports: Matrix, labels: [Int], ways: Int) -> any LinkContext {
        NearestMeanContext(space: space, supports: supports, labels: labels, ways: ways)
    }
}

/// Prototypes of one support set.
struct NearestMeanContext: LinkContext {
    private let space: FeatureSpace
    private let labels: [Int]
    /// The supports in the space: [supports x width].
    private let supports: Matrix
    /// Sum of each label's supports: [ways x width].
    private let sums: Matrix
    /// Each label's prototype, the direction of its sum: [ways x width].
    let prototypes: Matrix
    private let layer: LinearLayer
    private let evidence: LinearLayer

    /// - Parameter supports: already in the space, [supports x width].
    init(space: FeatureSpace, supports: Matrix, labels: [Int], ways: Int) {
        self.space = space
        self.supports = supports
        self.labels = labels
        var sums = Matrix(rows: ways, columns: space.width)
        for (index, label) in labels.enumerated() { sums.add(supports.row(index), toRow: label) }
        self.sums = sums
        prototypes = Self.directions(space, sums)
        layer = LinearLayer(weights: prototypes)
        evidence = LinearLayer(weights: supports)
    }

    func scores(_ queries: Matrix, transductive: Bool) -> LinkScores {
        let cosines = layer(queries)
        return LinkScores(
            logits: transductive ? LinearLayer(weights: sharpened(by: queries))(queries) : cosines, likeness: cosines.rowMaxima,
            similarities: evidence(queries))
    }

    func cosines(_ points: Matrix) -> Matrix { layer(points) }

    func similarities(_ points: Matrix) -> Matrix { evidence(points) }

    func leftOut() -> LeftOut {
        let cosines = leftOutCosines(leftOutPrototypes())
        return LeftOut(logits: cosines, likeness: cosines, labels: labels)
    }

    /// The cosines of the supports to the prototypes, each label's without one of its supports: the own label's without the support
    /// that is asked, another's on average over which one is missing. (Were the others' whole, a mean of more supports would win
    /// against one of fewer: with two supports a label, half of them would look wrong.) [supports x ways]; `-infinity` for a label's
    /// only support and that label.
    /// - Parameter reduced: ``leftOutPrototypes()``.
    func leftOutCosines(_ reduced: Matrix) -> Matrix {
        let shots = labels.shots(ways: sums.rowCount)
        var means = Matrix(rows: sums.rowCount, columns: space.width)
        for (index, label) in labels.enumerated() { means.add(reduced.row(index), toRow: label, scaledBy: 1 / Float(shots[label])) }
        var cosines = LinearLayer(weights: means)(supports)
        for (index, label) in labels.enumerated() {
            cosines[index, label] = shots[label] == 1 ? -.infinity : supports.dot(reduced.row(index), row: index)
        }
        return cosines
    }

    /// Of each support, its label's prototype without it; of a label's only support itself: [supports x width].
    func leftOutPrototypes() -> Matrix {
        let shots = labels.shots(ways: sums.rowCount)
        var reduced = sums.gather(labels)
        for (index, label) in labels.enumerated() where shots[label] > 1 { reduced.add(supports.row(index), toRow: index, scaledBy: -1) }
        space.normalizeParts(&reduced)
        return reduced
    }

    /// Soft k-means that starts at the supports: each round, every query votes for the labels it is like, and joins their
    /// means with a small weight, so that a batch of queries of one label cannot drag the other prototypes along.
    /// - Returns: the moved prototypes, [ways x width].
    func sharpened(by queries: Matrix) -> Matrix {
        var moved = prototypes
        let mass = Transduction.mass(of: queries.rowCount)
        for _ in 0..<Transduction.rounds {
            let pulled = Transduction.votes(LinearLayer(weights: moved)(queries)).transposedTimes(queries)
            var totals = sums
            for label in 0..<sums.rowCount { totals.add(pulled.row(label), toRow: label, scaledBy: mass) }
            moved = Self.directions(space, totals)
        }
        return moved
    }

    private static func directions(_ space: FeatureSpace, _ sums: Matrix) -> Matrix {
        var means = sums
        space.normalizeParts(&means)
        return means
    }
}

/// The constants of transductive scoring, chosen on training classes: see docs/accuracy.md.
enum Transduction {
    static let temperature: Float = 20
    static let rounds = 5

    /// The weight of one of `queries` queries against a support's 1. All together weigh at most as 14 do: without that
    /// bound, a hundred queries of one label drag every prototype to where they are.
    static func mass(of queries: Int) -> Float { min(0.3, 4.2 / Float(queries)) }

    /// Softmax of each row at ``temperature``.
    static func votes(_ logits: Matrix) -> Matrix {
        var votes = logits
        for row in 0..<votes.rowCount {
            votes.withMutableRow(row) { values in
                let best = values.max() ?? 0
                var total: Float = 0
                for index in values.indices {
                    values[index] = Float(exp(Double(temperature * (values[index] - best))))
                    total += values[index]
                }
                for index in values.indices { values[index] /= total }
            }
        }
        return votes
    }
}

extension Matrix {
    /// Adds `scale` times `values` to one row.
    mutating func add(_ values: [Float], toRow row: Int, scaledBy scale: Float = 1) {
        withMutableRow(row) { target in
            for index in target.indices { target[index] += scale * values[index] }
        }
    }

    /// The greatest element of each row; `-infinity` where it has none.
    var rowMaxima: [Float] { (0..<rowCount).map { withRow($0) { $0.max() ?? -.infinity } } }
}
