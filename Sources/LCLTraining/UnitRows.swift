// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// Rows at length 1, and the way back: u = z / |z|, dz = (du - u (u . du)) / |z|. Rows of zeros stay, with no gradient.
struct UnitRows {
    /// [rows x width].
    let units: Matrix
    private let scales: [Float]

    init(_ rows: Matrix) {
        var units = rows
        scales = (0..<rows.rowCount).map { row in
            units.withMutableRow(row) { values in
                let length = values.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
                guard length > 0 else { return 0 }
                let scale = Float(1 / length)
                for index in values.indices { values[index] *= scale }
                return scale
            }
        }
        self.units = units
    }

    /// The gradient by the rows that were made units, from the one by the units: [rows x width].
    func backward(_ gradient: Matrix) -> Matrix {
        var result = gradient
        for row in 0..<result.rowCount {
            units.withRow(row) { unit in
                result.withMutableRow(row) { values in
                    let along = Self.dot(unit, values)
                    for index in values.indices { values[index] = (values[index] - unit[index] * along) * scales[row] }
                }
            }
        }
        return result
    }

    private static func dot(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeMutableBufferPointer<Float>) -> Float {
        var sum: Double = 0
        for index in a.indices { sum += Double(a[index]) * Double(b[index]) }
        return Float(sum)
    }
}
