// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import LCLTensor

/// The strategy `lda`: for each tap a linear map in closed form that whitens the pooled within-class covariance (what
/// varies inside classes counts little) and keeps the directions in which class means differ most.
///
/// Fisher's linear discriminant (Hastie et al., The Elements of Statistical Learning, 4.3) with the covariance shrunk
/// towards a multiple of the identity. Only distances matter, so nothing depends on the classes' names or number.
public struct DiscriminantFit: Sendable {
    /// Share of the identity in the covariance, 0 to 1. The accuracy is flat from 0.1 to 0.5.
    public var shrinkage: Float = 0.3
    /// Most directions kept of each tap; `nil` keeps all.
    public var outputs: Int? = 384

    public init() {}

    /// The space fitted on `classes` of `table`, one part for each of `taps`.
    /// - Throws: ``TrainingError/tooFew(what:found:needed:)``, ``TrainingError/alike``; `LinearAlgebraError` where the features are not finite.
    public func parts(_ table: FeatureTable, classes: [FeatureTable.Class], taps: [String]) throws -> [FeatureSpace.Part] {
        let classes = classes.filter { $0.rows.count >= 2 }
        guard classes.count >= 2 else { throw TrainingError.tooFew(what: "classes with two pictures", found: classes.count, needed: 2) }
        return try taps.map { tap in
            let (mean, points, groups) = Self.points(table, classes: classes, tap: tap)
            return FeatureSpace.Part(tap: tap, mean: mean, map: try map(points, groups: groups))
        }
    }

    /// The same space without maps: what `prototype` compares in.
    static func plain(_ table: FeatureTable, classes: [FeatureTable.Class], taps: [String]) -> [FeatureSpace.Part] {
        taps.map { FeatureSpace.Part(tap: $0, mean: points(table, classes: classes, tap: $0).mean) }
    }

    /// The mean of the square roots, the centred unit features of the classes' pictures [n x inputs], and the rows of each class.
    private static func points(
        _ table: FeatureTable, classes: [FeatureTable.Class], tap: String
    ) -> (mean: [Float], points: Matrix, groups: [Range<Int>]) {
        let features = table.tap(tap).gather(classes.flatMap(\.rows))
        let mean = features.map { $0 > 0 ? $0.squareRoot() : 0 }.meanRow()
        var start = 0
        let groups = classes.map { group in
            defer { start += group.rows.count }
            return start..<start + group.rows.count
        }
        return (mean, FeatureSpace.centred(features, mean: mean), groups)
    }

    /// [outputs x inputs] for points [n x inputs] whose classes are `groups` of rows.
    package func map(_ points: Matrix, groups: [Range<Int>]) throws -> Matrix {
        let means = groups.map { points.rows($0).meanRow() }
        let whitening = try whitening(points, groups: groups, means: means)
        guard let outputs, outputs < points.columnCount else { return whitening }
        var whitened = Matrix(means).timesTransposed(whitening)
        whitened.subtractFromRows(whitened.meanRow())
        let (_, directions) = try whitened.gram().symmetricEigen()
        let order = (0..<directions.rowCount).reversed().prefix(outputs)
        return directions.gather(Array(order)) * whitening
    }

    /// W [inputs x inputs] with WᵀW the inverse of the shrunk covariance: eigenvectors over the roots of their eigenvalues.
    private func whitening(_ points: Matrix, groups: [Range<Int>], means: [[Float]]) throws -> Matrix {
        var residuals = points
        for (rows, mean) in zip(groups, means) {
            for row in rows {
                residuals.withMutableRow(row) { values in
                    for column in values.indices { values[column] -= mean[column] }
                }
            }
        }
        let freedom = Float(points.rowCount - groups.count)
        var (values, vectors) = try residuals.gram().map { $0 / freedom }.symmetricEigen()
        let average = values.reduce(0, +) / Float(values.count)
        guard average >= .leastNormalMagnitude else { throw TrainingError.alike }
        for (row, value) in values.enumerated() {
            let scale = 1 / ((1 - shrinkage) * max(value, 0) + shrinkage * average).squareRoot()
            vectors.withMutableRow(row) { entries in
                for column in entries.indices { entries[column] *= scale }
            }
        }
        return vectors
    }
}
