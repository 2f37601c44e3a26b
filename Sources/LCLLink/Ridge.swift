// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// Ridge regression from points to labels, one against the rest: centred by the mean of the labels' means, every label with
/// the same weight, targets 1 for the own label and 0 for the others, less their mean (Hoerl and Kennard, 1970; in this use
/// Bertinetto et al., arXiv 1805.08136).
///
/// With X the centred points [n x width], S their weights and T the targets [n x ways], the weights are
/// (XᵀSX + λ)⁻¹ XᵀST, or Xᵀ(XXᵀ + λS⁻¹)⁻¹ T: whichever is smaller is solved.
///
/// The mean of few points is longer than that of many, by what points differ inside a label over their number, so that the border
/// between a label of one and one of seven would lie by the one. The bias takes that part out; with as many points a label it is 0.
struct Ridge {
    static let lambda: Float = 0.1

    /// [ways x width], for points as they are.
    let weights: Matrix
    /// What is added to their scores: [ways].
    let bias: [Float]

    /// - Throws: `LinearAlgebraError` where a point is not finite.
    init(_ points: Matrix, labels: [Int], ways: Int) throws(LinearAlgebraError) {
        let shots = labels.shots(ways: ways), means = points.means(labels, shots: shots), centre = means.meanRow()
        var centred = points
        centred.subtractFromRows(centre)
        let importance = labels.map { Float(labels.count) / Float(ways * shots[$0]) }, targets = Self.targets(labels, ways: ways)
        let weights = try Self.weights(centred, importance, targets)
        let fitted = centred.timesTransposed(weights), noise = Self.noise(points, labels, means)
        self.weights = weights
        bias = (0..<ways).map { way in
            // What each point pulls at the weights, over the number of its label's points.
            let pull = labels.indices.reduce(Float(0)) { $0 + importance[$1] * (targets[$1, way] - fitted[$1, way]) / Float(shots[labels[$1]]) }
            return noise * pull / (Self.lambda * Float(ways)) - weights.dot(centre, row: way)
        }
    }

    /// How far points lie from their label's mean: the squared distance, pooled; 0 where every label has one point.
    private static func noise(_ points: Matrix, _ labels: [Int], _ means: Matrix) -> Float {
        let squares = labels.enumerated().reduce(Float(0)) { sum, support in
            zip(points.row(support.offset), means.row(support.element)).reduce(sum) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        return squares / Float(max(1, labels.count - means.rowCount))
    }

    private static func targets(_ labels: [Int], ways: Int) -> Matrix {
        var targets = Matrix(rows: labels.count, columns: ways, [Float](repeating: -1 / Float(ways), count: labels.count * ways))
        for (index, label) in labels.enumerated() { targets[index, label] += 1 }
        return targets
    }

    private static func weights(_ x: Matrix, _ importance: [Float], _ targets: Matrix) throws(LinearAlgebraError) -> Matrix {
        guard x.rowCount > x.columnCount else {
            let kernel = x.timesTransposed(x).addingToDiagonal { lambda / importance[$0] }
            return try kernel.solvePositiveDefinite(targets).transposedTimes(x)
        }
        let weighted = x.scalingRows(by: importance)
        return try weighted.transposedTimes(x).addingToDiagonal { _ in lambda }.solvePositiveDefinite(weighted.transposedTimes(targets)).transposed
    }
}

extension [Int] {
    /// How many of these labels there are of each.
    func shots(ways: Int) -> [Int] { reduce(into: [Int](repeating: 0, count: ways)) { $0[$1] += 1 } }
}

extension Matrix {
    /// The mean of each label's rows: [ways x columns].
    func means(_ labels: [Int], shots: [Int]) -> Matrix {
        var means = Matrix(rows: shots.count, columns: columnCount)
        for (index, label) in labels.enumerated() { means.add(row(index), toRow: label, scaledBy: 1 / Float(shots[label])) }
        return means
    }

    fileprivate func addingToDiagonal(_ value: (Int) -> Float) -> Matrix {
        var result = self
        for index in 0..<rowCount { result[index, index] += value(index) }
        return result
    }

    fileprivate func scalingRows(by scales: [Float]) -> Matrix {
        var result = Matrix(rows: rowCount, columns: columnCount)
        for (index, scale) in scales.enumerated() { result.add(row(index), toRow: index, scaledBy: scale) }
        return result
    }

    func dot(_ other: [Float], row: Int) -> Float {
        withRow(row) { zip($0, other).reduce(0) { $0 + $1.0 * $1.1 } }
    }
}
