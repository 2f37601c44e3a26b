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

    public func link(_ support: SupportSet) throws(LinkError) -> any LinkContext {
        guard support.features.columnCount == space.featureWidth else {
            throw .features(expected: space.featureWidth, found: support.features.columnCount)
        }
        return NearestMeanContext(
            space: space, supports: space.embed(support.features), labels: support.labels, ways: support.ways)
    }
}

/// Prototypes of one support set.
package struct NearestMeanContext: LinkContext {
    private let space: FeatureSpace
    private let labels: [Int]
    /// The supports in the space: [supports x width].
    private let supports: Matrix
    /// Sum of each label's supports: [ways x width].
    private let sums: Matrix
    private let prototypes: LinearLayer
    private let evidence: LinearLayer

    /// - Parameter supports: already in the space, [supports x width].
    package init(space: FeatureSpace, supports: Matrix, labels: [Int], ways: Int) {
        self.space = space
        self.supports = supports
        self.labels = labels
        var sums = Matrix(rows: ways, columns: space.width)
        for (index, label) in labels.enumerated() { sums.add(supports.row(index), toRow: label) }
        self.sums = sums
        prototypes = Self.prototypes(space, sums)
        evidence = LinearLayer(weights: supports)
    }

    package func scores(_ queries: Matrix, transductive: Bool) -> LinkScores {
        let embedded = space.embed(queries)
        return LinkScores(logits: logits(embedded: embedded, transductive: transductive), similarities: evidence(embedded))
    }

    /// The logits of queries that are already in the space, [queries x width].
    package func logits(embedded: Matrix, transductive: Bool = false) -> Matrix {
        (transductive ? sharpened(by: embedded) : prototypes)(embedded)
    }

    package func leaveOneOutLogits() -> Matrix {
        var logits = prototypes(supports)
        let shots = labels.reduce(into: [Int](repeating: 0, count: sums.rowCount)) { $0[$1] += 1 }
        for (index, label) in labels.enumerated() {
            let support = supports.row(index)
            var others = Matrix(rows: 1, columns: space.width)
            others.add(sums.row(label), toRow: 0)
            others.add(support.map { -$0 }, toRow: 0)
            space.normalizeParts(&others)
            logits[index, label] = shots[label] == 1 ? -.infinity : zip(support, others.row(0)).reduce(0) { $0 + $1.0 * $1.1 }
        }
        return logits
    }

    /// Soft k-means that starts at the supports: each round, every query votes for the labels it is like, and joins their
    /// means with a small weight, so that a batch of queries of one label cannot drag the other prototypes along.
    private func sharpened(by queries: Matrix) -> LinearLayer {
        var layer = prototypes
        let mass = Transduction.mass(of: queries.rowCount)
        for _ in 0..<Transduction.rounds {
            let pulled = Transduction.votes(layer(queries)).transposedTimes(queries)
            var moved = sums
            for label in 0..<sums.rowCount { moved.add(pulled.row(label), toRow: label, scaledBy: mass) }
            layer = Self.prototypes(space, moved)
        }
        return layer
    }

    private static func prototypes(_ space: FeatureSpace, _ sums: Matrix) -> LinearLayer {
        var means = sums
        space.normalizeParts(&means)
        return LinearLayer(weights: means)
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
}
