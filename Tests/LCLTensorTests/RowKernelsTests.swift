// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTensor
import Testing

struct RowKernelsTests {
    private let x = Matrix(rows: 3, columns: 24, (0..<72).map { Float(40 * sin(Double($0))) })

    @Test func norm_dividesByTheRootMeanSquare() {
        let weight = (0..<24).map { Float($0) - 5 }, found = x.rmsNormalized(weight, epsilon: 1e-3)
        for row in 0..<3 {
            let values = x.row(row).map(Double.init), scale = 1 / (values.reduce(0) { $0 + $1 * $1 } / 24 + 1e-3).squareRoot()
            for i in 0..<24 { #expect(abs(Double(found[row, i]) - values[i] * scale * Double(weight[i])) < 1e-5) }
        }
    }

    @Test(arguments: [1, 2]) func layerNorm_leavesNoMeanAndUnitVariance(_ threads: Int) {
        let weight = (0..<24).map { Float($0) - 5 }, bias = (0..<24).map { Float($0 * $0) / 10 }
        let found = x.layerNormalized(LayerNorm(weight: weight, bias: bias, epsilon: 1e-3), threads: threads)
        for row in 0..<3 {
            let values = x.row(row).map(Double.init), mean = values.reduce(0, +) / 24
            let scale = 1 / (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 24 + 1e-3).squareRoot()
            for i in 0..<24 { #expect(abs(Double(found[row, i]) - (values[i] - mean) * scale * Double(weight[i]) - Double(bias[i])) < 1e-5 * 25) }
        }
    }

    @Test(arguments: Activation.allCases) func activation_isTheDefinition(_ activation: Activation) {
        let inputs = (0..<160).map { Float($0 - 80) / 8 }, column = Matrix(rows: 160, columns: 1, inputs)
        let identity = Matrix([[1]]).storedLinear
        let found = identity(column, activation: activation, threads: 1)
        for (row, input) in inputs.enumerated() {
            let y = Double(input)
            let expected =
                switch activation {
                case .gelu: y / 2 * (1 + erf(y / 2.0.squareRoot()))
                case .tanhGELU: y / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (y + 0.044715 * y * y * y)))
                case .quickGELU: y / (1 + exp(-1.702 * y))
                }
            #expect(abs(Double(found[row, 0]) - expected) < 2e-6, "\(input)")
        }
    }

    /// From -40 to 40, and so where e^-x is huge and where it vanishes.
    @Test func gate_isSiLUTimesUp() {
        let up = x.map { 1 + $0 / 10 }, found = x.swiGLU(up)
        for row in 0..<3 {
            for i in 0..<24 {
                let gate = Double(x[row, i]), expected = gate / (1 + exp(-gate)) * Double(up[row, i])
                #expect(abs(Double(found[row, i]) - expected) < 1e-6 * (1 + abs(expected)))
            }
        }
    }

    @Test func gate_isItselfOrNothing_atTheEndsOfTheRange() {
        let ends = Matrix([[-1e30, -200, -100, -88, 88, 100, 200, 1e30]]), one = Matrix([[Float](repeating: 1, count: 8)])
        let found = ends.swiGLU(one).row(0)
        #expect(found[4...].elementsEqual(ends.row(0)[4...]) && found[..<4].allSatisfy { abs($0) < 1e-8 })
    }

    @Test(arguments: [true, false]) func rotation_turnsEachPairByItsAngle(_ adjacent: Bool) {
        let rotation = Rotation(headSize: 8, frequencies: [1, 0.3, 0.1], adjacent: adjacent, positions: 50)
        var found = x
        found.rotate(rotation, positions: [0, 7, 49])
        for (row, position) in [0, 7, 49].enumerated() {
            for head in 0..<3 {
                for (pair, frequency) in [1, 0.3, 0.1].enumerated() {
                    let a = head * 8 + (adjacent ? 2 * pair : pair), b = adjacent ? a + 1 : a + 3, angle = Double(position) * frequency
                    let (p, q) = (Double(x[row, a]), Double(x[row, b]))
                    #expect(abs(Double(found[row, a]) - (p * cos(angle) - q * sin(angle))) < 1e-3)
                    #expect(abs(Double(found[row, b]) - (q * cos(angle) + p * sin(angle))) < 1e-3)
                }
                for rest in 6..<8 { #expect(found[row, head * 8 + rest] == x[row, head * 8 + rest]) }
            }
        }
    }
}

extension Matrix {
    /// This matrix as a layer, its elements as a file would have them.
    fileprivate var storedLinear: StoredLinear {
        let owner = Bytes(elements)
        return StoredLinear(StoredMatrix(rows: rowCount, columns: columnCount, format: .f32, bytes: owner.raw, owner: owner))
    }
}

/// Floats that stay where they are.
private final class Bytes: Sendable {
    nonisolated(unsafe) let raw: UnsafeRawBufferPointer

    init(_ values: [Float]) {
        let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: values.count)
        _ = copy.initialize(from: values)
        raw = UnsafeRawBufferPointer(copy)
    }

    deinit { raw.deallocate() }
}
