// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Heads of an attention layer: `queryHeads` is a multiple of `memoryHeads`, whose keys and values groups of them share
/// (Ainslie et al., arXiv 2305.13245).
public struct AttentionHeads: Equatable, Sendable {
    public let queryHeads: Int
    public let memoryHeads: Int
    /// Columns of one head; a multiple of 8.
    public let size: Int

    public init(queryHeads: Int, memoryHeads: Int, size: Int) {
        precondition(queryHeads > 0 && memoryHeads > 0 && queryHeads % memoryHeads == 0 && size > 0 && size % 8 == 0, "heads")
        self.queryHeads = queryHeads
        self.memoryHeads = memoryHeads
        self.size = size
    }

    var group: Int { queryHeads / memoryHeads }
}

/// Keys and values of a run of positions, packed for products. Immutable, shared by everything that attends to them.
public final class AttentionMemory: Sendable {
    public let count: Int
    public let heads: AttentionHeads
    /// Positions, in whole panels.
    fileprivate let padded: Int
    /// One per memory head: panels of 16 positions, `[panel][size][16]`.
    fileprivate let keys: [FloatBuffer]
    /// One per memory head: panels of columns, `[panel][count][width]`.
    fileprivate let values: [FloatBuffer]

    /// - Parameters:
    ///   - keys: `[count x memoryHeads * size]`.
    ///   - values: the same shape.
    public init(keys: Matrix, values: Matrix, heads: AttentionHeads) {
        let width = heads.memoryHeads * heads.size
        precondition(keys.columnCount == width && values.columnCount == width && keys.rowCount == values.rowCount, "shapes of a memory")
        let count = keys.rowCount, padded = (count + 15) / 16 * 16, size = heads.size
        (self.count, self.padded, self.heads) = (count, padded, heads)
        self.keys = (0..<heads.memoryHeads).map { head in
            let rows = FloatBuffer(count: padded * size), packed = FloatBuffer(unwritten: padded * size)
            for i in 0..<count {
                keys.withRow(i) { (rows.base + i * size).update(from: $0.baseAddress! + head * size, count: size) }
            }
            for first in stride(from: 0, to: padded, by: 16) {
                lcl_pack_panel(rows.base + first * size, size, size, packed.base + first * size)
            }
            return packed
        }
        self.values = (0..<heads.memoryHeads).map { head in
            let packed = FloatBuffer(unwritten: count * size)
            for panel in Self.panels(size) {
                for i in 0..<count {
                    values.withRow(i) {
                        (packed.base + panel.lowerBound * count + i * panel.count).update(
                            from: $0.baseAddress! + head * size + panel.lowerBound, count: panel.count)
                    }
                }
            }
            return packed
        }
    }

    /// Bytes that the packed keys and values take.
    public var byteCount: Int { Self.byteCount(count, heads) }

    public static func byteCount(_ count: Int, _ heads: AttentionHeads) -> Int {
        ((count + 15) / 16 * 16 + count) * heads.size * heads.memoryHeads * MemoryLayout<Float>.stride
    }

    /// What ``withParts(_:)`` gave, read back part by part.
    /// - Parameter fill: fills each part.
    public init(count: Int, heads: AttentionHeads, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        (self.count, padded, self.heads) = (count, (count + 15) / 16 * 16, heads)
        func parts(_ floats: Int) throws -> [FloatBuffer] {
            try (0..<heads.memoryHeads).map { _ in
                let part = FloatBuffer(unwritten: floats)
                try fill(UnsafeMutableRawBufferPointer(start: part.base, count: floats * MemoryLayout<Float>.stride))
                return part
            }
        }
        keys = try parts(padded * heads.size)
        values = try parts(count * heads.size)
    }

    /// The packed keys and values, ``byteCount`` bytes in all; only the same kernels understand them.
    public func withParts(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        for (parts, floats) in [(keys, padded * heads.size), (values, count * heads.size)] {
            for part in parts { try body(UnsafeRawBufferPointer(start: part.base, count: floats * MemoryLayout<Float>.stride)) }
        }
    }

    fileprivate static func panels(_ size: Int) -> [Range<Int>] {
        var panels: [Range<Int>] = [], first = 0
        while first < size {
            let width = lcl_panel_width(size, first)
            panels.append(first..<first + width)
            first += width
        }
        return panels
    }
}

/// What a row may look at: the first positions of the memory, and rows of its own batch.
public struct AttentionScope: Sendable {
    /// Positions of the memory, from its first.
    public var memory: Int
    /// Rows of the batch that all of its branches share, and rows of its own branch; either may be empty.
    public var trunk: Range<Int>
    public var branch: Range<Int>

    public init(memory: Int, trunk: Range<Int> = 0..<0, branch: Range<Int> = 0..<0) {
        self.memory = memory
        self.trunk = trunk
        self.branch = branch
    }
}

/// softmax(q k / sqrt(size)) v of every row and head (Vaswani et al., arXiv 1706.03762), each row over its own scope.
///
/// A row's result is the same to the last bit whatever other rows come with it.
public struct Attention: Sendable {
    public let heads: AttentionHeads
    public let threads: Int

    public init(heads: AttentionHeads, threads: Int) {
        self.heads = heads
        self.threads = threads
    }

    /// - Parameters:
    ///   - queries: `[n x queryHeads * size]`.
    ///   - keys, values: of the batch's own rows, `[n x memoryHeads * size]`; read where a scope has rows.
    ///   - scopes: of each row; none is empty.
    /// - Returns: `[n x queryHeads * size]`.
    public func callAsFunction(
        _ queries: Matrix, keys: Matrix, values: Matrix, memory: AttentionMemory?, scopes: [AttentionScope]
    ) -> Matrix {
        let n = queries.rowCount
        precondition(queries.columnCount == heads.queryHeads * heads.size && scopes.count == n, "queries of these heads")
        precondition(keys.columnCount == heads.memoryHeads * heads.size && values.columnCount == keys.columnCount, "keys of these heads")
        for scope in scopes {
            precondition(scope.memory >= 0 && scope.memory <= memory?.count ?? 0, "a scope inside the memory")
            precondition(scope.trunk.upperBound <= keys.rowCount && scope.branch.upperBound <= keys.rowCount, "a scope inside the batch")
            precondition(scope.memory + scope.trunk.count + scope.branch.count > 0, "something to attend to")
        }
        var result = Matrix(unwritten: n, columns: queries.columnCount)
        let step = result.stride
        let chunk = max(1, 96 / heads.group), chunks = (n + chunk - 1) / chunk, tasks = chunks * heads.memoryHeads
        result.withMutableBase { out in
            nonisolated(unsafe) let out = out
            let threads = min(threads, tasks)
            Threads.run(threads) { thread in
                for task in stride(from: thread, to: tasks, by: threads) {
                    let rows = task / heads.memoryHeads * chunk..<min(n, (task / heads.memoryHeads + 1) * chunk)
                    AttentionTile(heads: heads, head: task % heads.memoryHeads, rows: rows, scopes: scopes, memory: memory)
                        .run(queries, keys, values, into: out, step: step)
                }
            }
        }
        return result
    }
}

extension Attention {
    /// Every run of `length` rows attends to itself, whole: the pictures of a batch.
    /// - Parameters:
    ///   - queries: `[n x queryHeads * size]`; n is a multiple of `length`.
    ///   - keys, values: the same shape; each query head has its own.
    public func within(runs length: Int, _ queries: Matrix, keys: Matrix, values: Matrix) -> Matrix {
        let (n, width) = (queries.rowCount, queries.columnCount)
        precondition(heads.group == 1 && width == heads.queryHeads * heads.size && length > 0 && n % length == 0, "whole runs of these heads")
        let one = Attention(heads: AttentionHeads(queryHeads: 1, memoryHeads: 1, size: heads.size), threads: 1)
        let scopes = [AttentionScope](repeating: AttentionScope(memory: length), count: length)
        var result = Matrix(unwritten: n, columns: width)
        let step = result.stride
        result.withMutableBase { out in
            nonisolated(unsafe) let out = out
            let tasks = n / length * heads.queryHeads, threads = min(threads, tasks)
            Threads.run(threads) { thread in
                for task in stride(from: thread, to: tasks, by: threads) {
                    let first = task / heads.queryHeads * length, column = task % heads.queryHeads * heads.size
                    func part(_ matrix: Matrix) -> Matrix { matrix.rows(first..<first + length).columns(column..<column + heads.size) }
                    let (key, value) = (part(keys), part(values))
                    let memory = AttentionMemory(keys: key, values: value, heads: one.heads)
                    let found = one(part(queries), keys: key, values: value, memory: memory, scopes: scopes)
                    for row in 0..<length {
                        found.withRow(row) { (out + (first + row) * step + column).update(from: $0.baseAddress!, count: heads.size) }
                    }
                }
            }
        }
        return result
    }
}

/// Some rows of one memory head, with all query heads that share it: row-major `[rows * group]`.
private struct AttentionTile {
    let heads: AttentionHeads
    let head: Int
    let rows: Range<Int>
    let scopes: [AttentionScope]
    let memory: AttentionMemory?

    private var group: Int { heads.group }
    private var size: Int { heads.size }
    private var count: Int { rows.count * group }

    /// - Parameter step: floats from one row of `out` to the next.
    func run(_ queries: Matrix, _ keys: Matrix, _ values: Matrix, into out: UnsafeMutablePointer<Float>, step: Int) {
        let limit = rows.map { scopes[$0].memory }.max()!, own = rows.map { scopes[$0].trunk.count + scopes[$0].branch.count }.max()!
        let columns = (limit + 15) / 16 * 16, stride = Matrix.stride(columns: columns + (own + 7) / 8 * 8)
        let q = gather(queries), scores = FloatBuffer(unwritten: count * stride), zeros = FloatBuffer(count: max(columns, size))
        multiply(q, scores, stride: stride, columns: columns, zeros)
        for i in 0..<count {
            let row = scores.base + i * stride, scope = scopes[rows.lowerBound + i / group]
            (row + scope.memory).update(repeating: -.infinity, count: columns - scope.memory)
            let end = ownScores(q.base + i * size, keys, scope, row + columns)
            (row + columns + end).update(repeating: -.infinity, count: stride - columns - end)
            lcl_softmax(row, stride)
        }
        let sums = FloatBuffer(count: count * size)
        combine(scores, stride: stride, limit: limit, into: sums, zeros)
        for i in 0..<count {
            let row = rows.lowerBound + i / group
            ownSum(scores.base + i * stride + columns, values, scopes[row], sums.base + i * size)
            let to = out + row * step + (head * group + i % group) * size
            to.update(from: sums.base + i * size, count: size)
        }
    }

    /// The queries of this tile, scaled, `[count x size]`.
    private func gather(_ queries: Matrix) -> FloatBuffer {
        let q = FloatBuffer(unwritten: count * size), scale = 1 / Float(size).squareRoot()
        for (i, row) in rows.enumerated() {
            queries.withRow(row) { from in
                let first = head * group * size
                for j in 0..<group * size { q.base[i * group * size + j] = from[first + j] * scale }
            }
        }
        return q
    }

    /// Scores against the memory's first `columns` positions.
    private func multiply(_ q: FloatBuffer, _ scores: FloatBuffer, stride: Int, columns: Int, _ zeros: FloatBuffer) {
        guard let memory, columns > 0 else { return }
        var task = lcl_linear()
        (task.m, task.k, task.n) = (count, size, columns)
        (task.a, task.a_row, task.a_plane) = (UnsafePointer(q.base), size, 8)
        (task.weights, task.bias) = (UnsafePointer(memory.keys[head].base), UnsafePointer(zeros.base))
        (task.c, task.c_row, task.c_plane, task.c_group) = (scores.base, stride, 8, count)
        Kernels.best.table.pointee.linear(&task)
    }

    /// Weighted sums of the memory's first `limit` values.
    private func combine(_ weights: FloatBuffer, stride: Int, limit: Int, into sums: FloatBuffer, _ zeros: FloatBuffer) {
        guard let memory, limit > 0 else { return }
        for panel in AttentionMemory.panels(size) {
            var task = lcl_linear()
            (task.m, task.k, task.n) = (count, limit, panel.count)
            (task.a, task.a_row, task.a_plane) = (UnsafePointer(weights.base), stride, 8)
            task.weights = UnsafePointer(memory.values[head].base + panel.lowerBound * memory.count)
            task.bias = UnsafePointer(zeros.base)
            (task.c, task.c_row, task.c_plane, task.c_group) = (sums.base + panel.lowerBound, size, 8, count)
            Kernels.best.table.pointee.linear(&task)
        }
    }

    /// Scores against rows of the batch; how many there are.
    private func ownScores(_ q: UnsafePointer<Float>, _ keys: Matrix, _ scope: AttentionScope, _ out: UnsafeMutablePointer<Float>) -> Int {
        var end = 0
        keys.withBase { base in
            for range in [scope.trunk, scope.branch] {
                lcl_dots(q, base + range.lowerBound * keys.stride + head * size, keys.stride, range.count, size, out + end)
                end += range.count
            }
        }
        return end
    }

    private func ownSum(_ weights: UnsafePointer<Float>, _ values: Matrix, _ scope: AttentionScope, _ out: UnsafeMutablePointer<Float>) {
        var end = 0
        values.withBase { base in
            for range in [scope.trunk, scope.branch] {
                lcl_weighted_sum(
                    weights + end, base + range.lowerBound * values.stride + head * size, values.stride, range.count, size, out)
                end += range.count
            }
        }
    }
}
