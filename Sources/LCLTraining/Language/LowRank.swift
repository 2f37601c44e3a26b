// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor

/// What is learned of one matrix of the language model: y = W x + scale x B A x (Hu et al., arXiv 2106.09685). Also the shape of
/// its gradient.
package struct LowRank: Equatable, Sendable {
    /// A: [rank x inputs]
    package var down: Matrix
    /// B: [outputs x rank]; zero at the start, so that the model begins as it was.
    package var up: Matrix

    /// alpha / rank.
    package static let scale: Float = 2

    package init(down: Matrix, up: Matrix) {
        precondition(down.rowCount == up.columnCount, "one rank")
        (self.down, self.up) = (down, up)
    }

    init(_ linear: FrozenLinear, rank: Int, _ random: inout SeededRandom) {
        let inputs = linear.weights.columnCount, scale = 1 / Float(inputs).squareRoot()
        down = Matrix(rows: rank, columns: inputs, (0..<rank * inputs).map { _ in scale * Float(random.normal()) })
        up = Matrix(rows: linear.weights.rowCount, columns: rank)
    }
}

extension FrozenLinear {
    /// `[n x inputs] -> [n x outputs]`, and A x `[n x rank]`, which the way back needs.
    func callAsFunction(_ x: Matrix, _ adapter: LowRank) -> (y: Matrix, inner: Matrix) {
        let inner = x.timesTransposed(adapter.down)
        var y = self(x)
        y.add(inner.timesTransposed(adapter.up), times: LowRank.scale)
        return (y, inner)
    }

    /// Adds the adapter's gradient to `slope`, and returns the one by x.
    func backward(_ gradient: Matrix, x: Matrix, inner: Matrix, _ adapter: LowRank, _ slope: inout LowRank) -> Matrix {
        slope.up.add(gradient.transposedTimes(inner), times: LowRank.scale)
        let byInner = (gradient * adapter.up).map { LowRank.scale * $0 }
        slope.down.add(byInner.transposedTimes(x))
        var byInput = backward(gradient)
        byInput.add(byInner * adapter.down)
        return byInput
    }
}

extension SeededRandom {
    /// Standard normal (Box and Muller, 1958).
    mutating func normal() -> Double {
        let radius = (-2 * log(1 - unit())).squareRoot()
        return radius * cos(2 * Double.pi * unit())
    }
}
