// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTensor
import Testing

struct StoredLinearTests {
    /// Keeps the bytes of a matrix alive.
    private final class Bytes: Sendable {
        let values: [Float]
        nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer

        init(_ values: [Float]) {
            self.values = values
            bytes = .allocate(byteCount: values.count * 4, alignment: 4)
            bytes.copyBytes(from: values.withUnsafeBytes { Array($0) })
        }

        deinit { bytes.deallocate() }
    }

    private func values(_ count: Int, _ seed: Int) -> [Float] { (0..<count).map { Float(sin(Double($0 * 17 + seed * 57) * 0.9)) } }

    private func stored(_ rows: Int, _ columns: Int, _ seed: Int) -> (StoredMatrix, [Float]) {
        let owner = Bytes(values(rows * columns, seed))
        return (StoredMatrix(rows: rows, columns: columns, format: .f32, bytes: UnsafeRawBufferPointer(owner.bytes), owner: owner), owner.values)
    }

    private func product(_ x: Matrix, _ weights: [Float], _ outputs: Int) -> [[Double]] {
        let k = x.columnCount
        return (0..<x.rowCount).map { row in
            let from = x.row(row)
            return (0..<outputs).map { o in (0..<k).reduce(0.0) { $0 + Double(from[$1]) * Double(weights[o * k + $1]) } }
        }
    }

    @Test(arguments: [(1, 1, 1), (5, 7, 3), (13, 100, 45), (70, 576, 200), (3, 4000, 33)])
    func product_isTheDefinition(_ rows: Int, _ inputs: Int, _ outputs: Int) {
        let (weights, w) = stored(outputs, inputs, 1), x = Matrix(rows: rows, columns: inputs, values(rows * inputs, 2))
        let bias = values(outputs, 3), found = StoredLinear(weights, bias: bias)(x, threads: 2), expected = product(x, w, outputs)
        // Values are at most 1, so a sum's terms add up to at most `inputs`; its rounding errors go a random walk.
        let tolerance = 1e-6 + 1.2e-7 * Double(inputs) * Double(inputs).squareRoot()
        for row in 0..<rows {
            for o in 0..<outputs {
                #expect(abs(Double(found[row, o]) - expected[row][o] - Double(bias[o])) < tolerance)
            }
        }
    }

    @Test func residual_isAdded() {
        let (weights, w) = stored(32, 16, 1), x = Matrix(rows: 9, columns: 16, values(144, 2)), residual = Matrix(rows: 9, columns: 32, values(288, 5))
        let found = StoredLinear(weights)(x, adding: residual, threads: 1), expected = product(x, w, 32)
        for row in 0..<9 {
            for o in 0..<32 { #expect(abs(Double(found[row, o]) - expected[row][o] - Double(residual[row, o])) < 1e-5) }
        }
    }

    @Test func rows_areTheSameBits_inAnyBatchAndWithAnyThreads() {
        let (weights, _) = stored(700, 320, 1), x = Matrix(rows: 41, columns: 320, values(41 * 320, 2)), layer = StoredLinear(weights)
        let one = layer(x, threads: 1), four = layer(x, threads: 4)
        #expect(one == four)
        for row in [0, 7, 40] { #expect(layer(x.rows(row..<row + 1), threads: 2).row(0) == one.row(row)) }
    }

    @Test func logProbabilities_areTheDefinition_atTheTargets() {
        let (weights, w) = stored(501, 160, 1), x = Matrix(rows: 6, columns: 160, values(960, 2))
        let targets = [[0], [500, 3], [], [255, 256, 257], [499], [17, 17]]
        let found = StoredLinear(weights).logProbabilities(x, at: targets, threads: 2)
        #expect(found.map(\.count) == targets.map(\.count))
        for (row, outputs) in product(x, w, 501).enumerated() {
            let normaliser = log(outputs.reduce(0) { $0 + exp($1) })
            for (value, target) in zip(found[row], targets[row]) { #expect(abs(Double(value) - (outputs[target] - normaliser)) < 1e-4) }
        }
    }

    @Test func gather_givesTheRowsAskedFor() {
        let (weights, w) = stored(10, 8, 1), rows = weights.gather([9, 0, 9])
        #expect(rows.row(0) == Array(w[72..<80]) && rows.row(1) == Array(w[..<8]) && rows.row(2) == rows.row(0))
    }
}
