// SPDX-License-Identifier: Apache-2.0
import CKernels
import Foundation

// What transformers do to each row by itself; column counts are multiples of 8.

extension Matrix {
    /// Each row divided by its root mean square and multiplied by `weight`. Zhang and Sennrich, arXiv 1910.07467.
    public func rmsNormalized(_ weight: [Float], epsilon: Float, threads: Int = 1) -> Matrix {
        precondition(weight.count == columnCount && columnCount % 8 == 0, "\(weight.count) weights for \(columnCount) columns")
        var result = Matrix(unwritten: rowCount, columns: columnCount)
        result.forEachRow(threads: threads) { row, out in
            withRow(row) { lcl_rms_norm($0.baseAddress!, weight, epsilon, columnCount, out) }
        }
        return result
    }

    /// Each row less its mean, divided by its standard deviation, times `weight`, plus `bias`. Ba et al., arXiv 1607.06450.
    public func layerNormalized(_ norm: LayerNorm, threads: Int) -> Matrix {
        precondition(norm.weight.count == columnCount && columnCount % 8 == 0, "\(norm.weight.count) weights for \(columnCount) columns")
        var result = Matrix(unwritten: rowCount, columns: columnCount)
        result.forEachRow(threads: threads) { row, out in
            withRow(row) { lcl_layer_norm($0.baseAddress!, norm.weight, norm.bias, norm.epsilon, columnCount, out) }
        }
        return result
    }

    /// silu(self) * up, element by element. Shazeer, arXiv 2002.05202.
    public consuming func swiGLU(_ up: Matrix, threads: Int = 1) -> Matrix {
        precondition(up.rowCount == rowCount && up.columnCount == columnCount && columnCount % 8 == 0, "shapes of a gate")
        let columns = columnCount
        var gate = self
        gate.forEachRow(threads: threads) { row, out in up.withRow(row) { lcl_silu_product(out, $0.baseAddress!, columns) } }
        return gate
    }

    /// Rotates every head of every row by the angles of its position.
    /// - Parameter positions: of each row.
    public mutating func rotate(_ rotation: Rotation, positions: [Int], threads: Int = 1) {
        precondition(positions.count == rowCount && columnCount % rotation.headSize == 0, "whole heads")
        let heads = columnCount / rotation.headSize, half = rotation.half
        forEachRow(threads: threads) { row, to in
            precondition(positions[row] >= 0 && positions[row] < rotation.positions, "position \(positions[row])")
            let angles = positions[row] * half
            for head in 0..<heads {
                lcl_rotate_pairs(
                    to + head * rotation.headSize, rotation.cosine.base + angles, rotation.sine.base + angles, half, rotation.adjacent)
            }
        }
    }

    /// Calls `body` with every row, on several threads at once.
    private mutating func forEachRow(threads: Int, _ body: @Sendable (Int, UnsafeMutablePointer<Float>) -> Void) {
        let (rows, stride) = (rowCount, stride)
        withMutableBase { out in
            nonisolated(unsafe) let out = out
            Threads.run(threads) { thread in
                for row in rows * thread / threads..<rows * (thread + 1) / threads { body(row, out + row * stride) }
            }
        }
    }

    /// Joins rows of matrices with the same number of columns.
    public init(joining parts: [Matrix]) {
        let columns = parts.first?.columnCount ?? 0
        precondition(parts.allSatisfy { $0.columnCount == columns }, "parts of the same width")
        self.init(rows: parts.reduce(0) { $0 + $1.rowCount }, columns: columns)
        var row = 0
        for part in parts {
            for i in 0..<part.rowCount {
                part.withRow(i) { from in withMutableRow(row) { _ = $0.update(from: from) } }
                row += 1
            }
        }
    }
}

/// What a layer normalisation was trained to: a weight and a bias of each column.
public struct LayerNorm: Sendable {
    let weight: [Float]
    let bias: [Float]
    let epsilon: Float

    public init(weight: [Float], bias: [Float], epsilon: Float) {
        precondition(weight.count == bias.count, "a bias for each weight")
        (self.weight, self.bias, self.epsilon) = (weight, bias, epsilon)
    }
}

/// GELU (Hendrycks and Gimpel, arXiv 1606.08415), or what a network was trained with in its place.
public enum Activation: Sendable, CaseIterable {
    /// x P(X <= x), X standard normal.
    case gelu
    /// With the tanh of a cubic in place of the error function.
    case tanhGELU
    /// x / (1 + e^(-1.702 x)).
    case quickGELU

    /// Unchecked: `x` has `count` values, a multiple of 8.
    func apply(_ x: UnsafeMutablePointer<Float>, _ count: Int) {
        switch self {
        case .gelu: lcl_gelu(x, count, Int32(LCL_GELU))
        case .tanhGELU: lcl_gelu(x, count, Int32(LCL_GELU_TANH))
        case .quickGELU: lcl_gelu(x, count, Int32(LCL_GELU_QUICK))
        }
    }
}

/// Rotary positions: the angle of pair i of a head at position p is `p * frequencies[i]`. Su et al., arXiv 2104.09864.
public struct Rotation: Sendable {
    public let headSize: Int
    public let positions: Int
    /// Pairs are (2i, 2i + 1) rather than (i, i + half).
    public let adjacent: Bool
    let half: Int
    let cosine: FloatBuffer
    let sine: FloatBuffer

    /// - Parameters:
    ///   - frequencies: of each pair, radians per position; `headSize / 2` of them, or fewer: the rest of the head stays.
    ///   - magnitude: what every rotated pair is multiplied by.
    ///   - positions: how many there are.
    public init(headSize: Int, frequencies: [Float], magnitude: Float = 1, adjacent: Bool, positions: Int) {
        precondition(frequencies.count * 2 <= headSize && positions >= 0, "pairs inside the head")
        self.headSize = headSize
        self.positions = positions
        self.adjacent = adjacent
        half = frequencies.count
        cosine = FloatBuffer(count: half * positions)
        sine = FloatBuffer(count: half * positions)
        for position in 0..<positions {
            for i in 0..<half {
                let angle = Float(position) * frequencies[i]
                cosine.base[position * half + i] = cosf(angle) * magnitude
                sine.base[position * half + i] = sinf(angle) * magnitude
            }
        }
    }
}
