// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// Branches as the rows of one batch: where each row stands, what it may look at, and which of its outputs count.
struct LanguageBatch {
    private(set) var positions: [Int] = []
    private(set) var scopes: [AttentionScope] = []
    /// Rows whose outputs are asked for, and the tokens asked for at each.
    private(set) var scoredRows: [Int] = []
    private(set) var targets: [[Int]] = []
    /// [branch][continuation][token]: the scored row and the place in its targets.
    private var places: [[[(row: Int, target: Int)]]] = []

    init(_ branches: [LanguageBranch], after prefix: Int) {
        for branch in branches {
            let trunk = positions.count..<positions.count + branch.trunk.rowCount
            for row in trunk {
                positions.append(prefix + row - trunk.lowerBound)
                scopes.append(AttentionScope(memory: prefix, trunk: trunk.lowerBound..<row + 1))
            }
            // Every continuation's first token is an output of the trunk's last row.
            let last = scoredRows.count
            scoredRows.append(trunk.upperBound - 1)
            targets.append(branch.continuations.map { $0[0] })
            places.append(
                branch.continuations.enumerated().map { index, tokens in
                    [(last, index)] + add(tokens, trunk: trunk, at: prefix + branch.trunk.rowCount)
                })
        }
    }

    private mutating func add(_ tokens: [Int], trunk: Range<Int>, at position: Int) -> [(row: Int, target: Int)] {
        let start = positions.count
        return (0..<tokens.count - 1).map { i in
            positions.append(position + i)
            scopes.append(AttentionScope(memory: scopes[trunk.lowerBound].memory, trunk: trunk, branch: start..<start + i + 1))
            scoredRows.append(start + i)
            targets.append([tokens[i + 1]])
            return (scoredRows.count - 1, 0)
        }
    }

    /// `values[i][j]` is of target j of scored row i.
    func collect(_ values: [[Float]]) -> [[[Float]]] {
        places.map { $0.map { $0.map { values[$0.row][$0.target] } } }
    }
}
