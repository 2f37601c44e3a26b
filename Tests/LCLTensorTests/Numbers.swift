// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// Numbers that look random and are the same each time: -1 to 1.
struct Numbers {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 2_862_933_555_777_941_757 &+ 3_037_000_493 }

    mutating func next() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(state >> 40) / Float(1 << 23) - 1
    }

    mutating func array(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }

    mutating func matrix(_ rows: Int, _ columns: Int) -> Matrix { Matrix(rows: rows, columns: columns, array(rows * columns)) }
}

/// The sum of `terms` products of numbers up to 1 may be off by this, in single precision: 2⁻²⁴ for each addition.
func tolerance(terms: Int) -> Float { Float(terms + 2) * 0x1p-23 }

/// The largest difference of two matrices of one shape.
func distance(_ a: Matrix, _ b: Matrix) -> Float {
    precondition(a.rowCount == b.rowCount && a.columnCount == b.columnCount, "matrices of one shape")
    return zip(a.elements, b.elements).reduce(0) { max($0, abs($1.0 - $1.1)) }
}
