// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor

/// What is learned of seeing: a picture's vector f becomes one embedding, (standardised(W f + b) * gain + shift) * scale. Also the
/// shape of its gradient.
package struct PictureProjector: Equatable, Sendable {
    /// W: [width x features]; b, gain, shift: [1 x width]
    package var weights, bias, gain, shift: Matrix
    /// Deviation of the language model's token embeddings; not learned.
    package let scale: Float

    package init(weights: Matrix, bias: Matrix, gain: Matrix, shift: Matrix, scale: Float) {
        (self.weights, self.bias, self.gain, self.shift, self.scale) = (weights, bias, gain, shift, scale)
    }

    /// Starts along the directions in which the classes' means differ most.
    /// - Parameter means: one row a class, `[classes x features]`.
    /// - Throws: `LinearAlgebraError` where the means are not finite.
    init(means: Matrix, embedding: Matrix) throws {
        let width = embedding.columnCount
        var centred = means
        centred.subtractFromRows(means.meanRow())
        let directions = try centred.gram().symmetricEigen().vectors, count = directions.rowCount
        weights = directions.gather((0..<width).map { count - 1 - $0 % count })
        bias = Matrix(rows: 1, columns: width)
        gain = bias.map { _ in 1 }
        shift = bias
        let mean = Double(embedding.meanRow().reduce(0, +)) / Double(width)
        let squares = (0..<embedding.rowCount).reduce(0.0) { sum, row in embedding.withRow(row) { sum + Double(dotProduct($0, $0)) } }
        scale = Float((squares / Double(embedding.rowCount * width) - mean * mean).squareRoot())
    }

    package struct Trace {
        let features: Matrix
        let standard: StandardRows
    }

    /// `[n x features] -> [n x width]`
    package func callAsFunction(_ features: Matrix) -> (Matrix, Trace) {
        var projected = features.timesTransposed(weights)
        projected.addToRows(bias.row(0))
        let standard = StandardRows(projected)
        var result = standard.rows.multiplied(by: gain.row(0).map { $0 * scale })
        result.addToRows(shift.row(0).map { $0 * scale })
        return (result, Trace(features: features, standard: standard))
    }

    /// The gradient by what is learned.
    package func backward(_ gradient: Matrix, _ trace: Trace) -> PictureProjector {
        let scaled = gradient.map { $0 * scale }
        let byProjected = trace.standard.backward(scaled.multiplied(by: gain.row(0)))
        return PictureProjector(
            weights: byProjected.transposedTimes(trace.features), bias: byProjected.columnSums, gain: scaled.multiplied(by: trace.standard.rows).columnSums,
            shift: scaled.columnSums, scale: scale)
    }
}

extension Matrix {
    /// Each row element by element with `values`.
    fileprivate func multiplied(by values: [Float]) -> Matrix {
        values.withUnsafeBufferPointer { values in multiplied { _, body in body(values) } }
    }

    /// Element by element with a matrix of the same shape.
    fileprivate func multiplied(by other: Matrix) -> Matrix { multiplied { row, body in other.withRow(row) { body($0) } } }

    private func multiplied(_ factors: (Int, (UnsafeBufferPointer<Float>) -> Void) -> Void) -> Matrix {
        var result = self
        for row in 0..<rowCount {
            factors(row) { factors in
                result.withMutableRow(row) { values in
                    for i in values.indices { values[i] *= factors[i] }
                }
            }
        }
        return result
    }
}
