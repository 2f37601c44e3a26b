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
