// SPDX-License-Identifier: Apache-2.0
import LCLTensor

extension Matrix {
    /// Adds `scale` times a matrix of the same shape.
    mutating func add(_ other: Matrix, times scale: Float = 1) {
        precondition(other.rowCount == rowCount && other.columnCount == columnCount, "a sum of equal shapes")
        add(other, row: 0, column: 0, times: scale)
    }

    /// Adds `scale` times `block` to the part of this matrix that begins at `row` and `column`.
    mutating func add(_ block: Matrix, row: Int, column: Int, times scale: Float = 1) {
        precondition(column >= 0 && column + block.columnCount <= columnCount, "a block inside the matrix")
        for i in 0..<block.rowCount {
            block.withRow(i) { from in
                withMutableRow(row + i) { to in
                    for j in from.indices { to[column + j] += scale * from[j] }
                }
            }
        }
    }

    /// Of each column, `[1 x columns]`.
    var columnSums: Matrix {
        var sums = Matrix(rows: 1, columns: columnCount)
        for row in 0..<rowCount { sums.add(rows(row..<row + 1)) }
        return sums
    }
}

/// Products of two rows, summed in eight chains whose order depends on nothing but the length.
func dotProduct(_ a: UnsafeBufferPointer<Float>, _ b: UnsafeBufferPointer<Float>) -> Float {
    precondition(a.count == b.count, "a product of equal lengths")
    var sums = SIMD8<Float>.zero
    let whole = a.count & ~7
    for i in Swift.stride(from: 0, to: whole, by: 8) {
        sums += UnsafeRawPointer(a.baseAddress! + i).loadUnaligned(as: SIMD8<Float>.self) * UnsafeRawPointer(b.baseAddress! + i).loadUnaligned(as: SIMD8<Float>.self)
    }
    return (whole..<a.count).reduce(sums.sum()) { $0 + a[$1] * b[$1] }
}
