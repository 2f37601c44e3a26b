// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTensor

/// softmax(q k / sqrt(size)) v of each head, every row over itself and the rows before it in its own sequence (Vaswani et al.,
/// arXiv 1706.03762; heads in groups: Ainslie et al., arXiv 2305.13245), and the way back.
package struct CausalAttention: Sendable {
    let heads: AttentionHeads

    package init(heads: AttentionHeads) { self.heads = heads }

    /// What the way back needs.
    package struct Trace {
        /// [n x queryHeads * size], [n x memoryHeads * size] twice
        let query, key, value: Matrix
        /// Of each sequence and query head, [rows x rows]: zero above the diagonal.
        var weights: [Matrix] = []
    }

    /// - Parameter sequences: rows of each; they cover all of them.
    /// - Returns: `[n x queryHeads * size]`.
    package func callAsFunction(query: Matrix, key: Matrix, value: Matrix, sequences: [Range<Int>]) -> (Matrix, Trace) {
        var trace = Trace(query: query, key: key, value: value), result = Matrix(rows: query.rowCount, columns: query.columnCount)
        for rows in sequences {
            for head in 0..<heads.queryHeads {
                let own = columns(head), memory = columns(of: head)
                var weights = query.rows(rows).columns(own).timesTransposed(key.rows(rows).columns(memory))
                weights.makeCausalWeights(scale: scale)
                result.add(weights * value.rows(rows).columns(memory), row: rows.lowerBound, column: own.lowerBound)
                trace.weights.append(weights)
            }
        }
        return (result, trace)
    }

    /// The gradients by queries, keys and values.
    package func backward(_ gradient: Matrix, _ trace: Trace, sequences: [Range<Int>]) -> (query: Matrix, key: Matrix, value: Matrix) {
        var byQuery = Matrix(rows: trace.query.rowCount, columns: trace.query.columnCount)
        var byKey = Matrix(rows: trace.key.rowCount, columns: trace.key.columnCount), byValue = byKey
        for (index, rows) in sequences.enumerated() {
            for head in 0..<heads.queryHeads {
                let own = columns(head), memory = columns(of: head), weights = trace.weights[index * heads.queryHeads + head]
                let slope = gradient.rows(rows).columns(own)
                var byScore = slope.timesTransposed(trace.value.rows(rows).columns(memory))
                byScore.throughSoftmax(weights, scale: scale)
                byValue.add(weights.transposedTimes(slope), row: rows.lowerBound, column: memory.lowerBound)
                byQuery.add(byScore * trace.key.rows(rows).columns(memory), row: rows.lowerBound, column: own.lowerBound)
                byKey.add(byScore.transposedTimes(trace.query.rows(rows).columns(own)), row: rows.lowerBound, column: memory.lowerBound)
            }
        }
        return (byQuery, byKey, byValue)
    }

    private var scale: Float { 1 / Float(heads.size).squareRoot() }

    private func columns(_ head: Int) -> Range<Int> { head * heads.size..<(head + 1) * heads.size }

    /// Of the keys and values that a query head reads.
    private func columns(of queryHead: Int) -> Range<Int> { columns(queryHead / (heads.queryHeads / heads.memoryHeads)) }
}

extension Matrix {
    /// Row i: softmax of scale x its first i + 1 values, and zeros.
    fileprivate mutating func makeCausalWeights(scale: Float) {
        for row in 0..<rowCount {
            withMutableRow(row) { values in
                let highest = values[...row].max()!
                var total: Float = 0
                for i in 0...row {
                    values[i] = exp(scale * (values[i] - highest))
                    total += values[i]
                }
                let share = 1 / total
                for i in values.indices { values[i] = i <= row ? values[i] * share : 0 }
            }
        }
    }

    /// From the gradient by softmax(scale x score) to the one by the score: scale x w (dw - sum of w dw).
    fileprivate mutating func throughSoftmax(_ weights: Matrix, scale: Float) {
        for row in 0..<rowCount {
            weights.withRow(row) { weights in
                withMutableRow(row) { values in
                    let mean = dotProduct(weights, UnsafeBufferPointer(values))
                    for i in values.indices { values[i] = scale * weights[i] * (values[i] - mean) }
                }
            }
        }
    }
}
