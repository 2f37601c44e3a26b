// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTensor
import Testing

/// Against the definition, in double precision.
struct AttentionTests {
    private func matrix(_ rows: Int, _ columns: Int, _ seed: Int) -> Matrix {
        Matrix(rows: rows, columns: columns, (0..<rows * columns).map { Float(2 * sin(Double($0 * 13 + seed * 101) * 0.7)) })
    }

    /// Row `row`, head `head`, over the given keys and values.
    private func expected(_ heads: AttentionHeads, _ query: [Float], _ head: Int, _ keys: [[Float]], _ values: [[Float]]) -> [Double] {
        let size = heads.size, q = (0..<size).map { Double(query[head * size + $0]) }
        let first = head / (heads.queryHeads / heads.memoryHeads) * size
        let scores = keys.map { key in (0..<size).reduce(0.0) { $0 + q[$1] * Double(key[first + $1]) } / Double(size).squareRoot() }
        let top = scores.max()!, weights = scores.map { exp($0 - top) }, total = weights.reduce(0, +)
        return (0..<size).map { i in zip(weights, values).reduce(0) { $0 + $1.0 * Double($1.1[first + i]) } / total }
    }

    @Test(arguments: [(4, 2, 8, 37), (6, 1, 24, 16), (3, 3, 40, 130), (9, 3, 64, 65)])
    func rows_areTheDefinition_overMemoryTrunkAndBranch(_ queryHeads: Int, _ memoryHeads: Int, _ size: Int, _ count: Int) {
        let heads = AttentionHeads(queryHeads: queryHeads, memoryHeads: memoryHeads, size: size), width = memoryHeads * size
        let memoryKeys = matrix(count, width, 1), memoryValues = matrix(count, width, 2), n = 50
        let memory = AttentionMemory(keys: memoryKeys, values: memoryValues, heads: heads)
        let queries = matrix(n, queryHeads * size, 3), keys = matrix(n, width, 4), values = matrix(n, width, 5)
        let scopes = (0..<n).map { row in
            AttentionScope(memory: row % 3 == 0 ? 0 : min(count, row * 2), trunk: 0..<row / 2 + 1, branch: row - row % 2..<row + 1)
        }
        let found = Attention(heads: heads, threads: 1)(queries, keys: keys, values: values, memory: memory, scopes: scopes)
        for row in 0..<n {
            let scope = scopes[row], own = Array(scope.trunk) + Array(scope.branch)
            let rowKeys = (0..<scope.memory).map(memoryKeys.row) + own.map(keys.row), rowValues = (0..<scope.memory).map(memoryValues.row) + own.map(values.row)
            for head in 0..<queryHeads {
                for (i, value) in expected(heads, queries.row(row), head, rowKeys, rowValues).enumerated() {
                    #expect(abs(Double(found[row, head * size + i]) - value) < 2e-5)
                }
            }
        }
    }

    /// Narrow rows lie side by side, wide ones with room between them.
    @Test(arguments: [1, 3], [24, 96]) func runs_attendToThemselvesAlone(_ threads: Int, _ size: Int) {
        let heads = AttentionHeads(queryHeads: 3, memoryHeads: 3, size: size), length = 21, n = 3 * length
        let queries = matrix(n, 3 * size, 1), keys = matrix(n, 3 * size, 2), values = matrix(n, 3 * size, 3)
        let found = Attention(heads: heads, threads: threads).within(runs: length, queries, keys: keys, values: values)
        for row in 0..<n {
            let run = row / length * length..<(row / length + 1) * length
            for head in 0..<3 {
                for (i, value) in expected(heads, queries.row(row), head, run.map(keys.row), run.map(values.row)).enumerated() {
                    #expect(abs(Double(found[row, head * size + i]) - value) < 2e-5)
                }
            }
        }
    }

    @Test func rows_areTheSameBits_whateverTheirCompany() {
        let heads = AttentionHeads(queryHeads: 4, memoryHeads: 2, size: 16), memory = AttentionMemory(keys: matrix(70, 32, 1), values: matrix(70, 32, 2), heads: heads)
        let queries = matrix(90, 64, 3), own = matrix(90, 32, 4), scopes = (0..<90).map { AttentionScope(memory: 70 - $0 % 7, trunk: 0..<$0 % 5) }
        let together = Attention(heads: heads, threads: 3)(queries, keys: own, values: own, memory: memory, scopes: scopes)
        for row in [0, 31, 47, 48, 89] {
            let alone = Attention(heads: heads, threads: 1)(
                queries.rows(row..<row + 1), keys: own, values: own, memory: memory, scopes: [scopes[row]])
            #expect(alone.row(0) == together.row(row))
        }
    }
}
