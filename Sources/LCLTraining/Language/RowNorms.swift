// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// y = x / sqrt(mean(x²) + epsilon) * weight, row by row (Zhang and Sennrich, arXiv 1910.07467), and the way back to x.
package struct RootMeanSquareNorm {
    /// [width]
    let weight: [Float]
    let epsilon: Float

    package init(weight: [Float], epsilon: Float) {
        (self.weight, self.epsilon) = (weight, epsilon)
    }

    package func callAsFunction(_ x: Matrix) -> Matrix { x.rmsNormalized(weight, epsilon: epsilon) }

    /// With r = 1 / sqrt(mean(x²) + epsilon): dx = r (w dy) - r³ x mean(w dy x). `[n x width]`, all three.
    package func backward(_ gradient: Matrix, x: Matrix) -> Matrix {
        var result = gradient
        for row in 0..<x.rowCount {
            x.withRow(row) { x in
                result.withMutableRow(row) { values in
                    for i in values.indices { values[i] *= weight[i] }
                    let count = Float(x.count), scale = 1 / (dotProduct(x, x) / count + epsilon).squareRoot()
                    let along = dotProduct(x, UnsafeBufferPointer(values)) * scale * scale * scale / count
                    for i in values.indices { values[i] = scale * values[i] - along * x[i] }
                }
            }
        }
        return result
    }
}

/// Rows less their mean at variance 1 (Ba et al., arXiv 1607.06450), and the way back.
package struct StandardRows {
    static let epsilon: Float = 1e-5
    /// [n x width]
    package let rows: Matrix
    /// 1 / deviation of each row.
    private let scales: [Float]

    package init(_ x: Matrix) {
        var rows = x
        scales = (0..<x.rowCount).map { row in
            rows.withMutableRow(row) { values in
                let mean = values.reduce(0, +) / Float(values.count)
                for i in values.indices { values[i] -= mean }
                let all = UnsafeBufferPointer(values), scale = 1 / (dotProduct(all, all) / Float(values.count) + Self.epsilon).squareRoot()
                for i in values.indices { values[i] *= scale }
                return scale
            }
        }
        self.rows = rows
    }

    /// dx = (dy - mean(dy) - y mean(dy y)) / deviation. `[n x width]`
    package func backward(_ gradient: Matrix) -> Matrix {
        var result = gradient
        for row in 0..<rows.rowCount {
            rows.withRow(row) { y in
                result.withMutableRow(row) { values in
                    let count = Float(values.count), mean = values.reduce(0, +) / count
                    let along = dotProduct(y, UnsafeBufferPointer(values)) / count
                    for i in values.indices { values[i] = scales[row] * (values[i] - mean - y[i] * along) }
                }
            }
        }
        return result
    }
}
