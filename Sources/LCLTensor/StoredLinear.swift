// SPDX-License-Identifier: Apache-2.0
import CKernels
import Dispatch
import Foundation

/// A weight matrix as a file stores it, mapped and perhaps quantised: `rows x columns`, rows of whole blocks.
public struct StoredMatrix: Sendable {
    public let rows: Int
    public let columns: Int
    public let format: BlockFormat
    // Unchecked: never written, and `owner` keeps it mapped.
    private nonisolated(unsafe) let bytes: UnsafeRawBufferPointer
    private let owner: any AnyObject & Sendable

    /// - Parameters:
    ///   - bytes: the blocks, row by row.
    ///   - owner: whose life keeps `bytes` valid.
    public init(rows: Int, columns: Int, format: BlockFormat, bytes: UnsafeRawBufferPointer, owner: any AnyObject & Sendable) {
        precondition(rows > 0 && columns > 0 && columns % format.block.elements == 0, "rows of whole blocks")
        precondition(bytes.count == rows * (columns / format.block.elements * format.block.bytes), "the bytes of the shape")
        self.rows = rows
        self.columns = columns
        self.format = format
        self.bytes = bytes
        self.owner = owner
    }

    /// These rows as floats, `[indices x columns]`.
    public func gather(_ indices: [Int]) -> Matrix {
        var result = Matrix(rows: indices.count, columns: columns)
        for (i, index) in indices.enumerated() {
            result.withMutableRow(i) { floats(rows: index..<index + 1, into: $0.baseAddress!) }
        }
        return result
    }

    /// All of it.
    public var floats: Matrix {
        gather(Array(0..<rows))
    }

    /// Unchecked: `out` has room for the rows.
    func floats(rows range: Range<Int>, into out: UnsafeMutablePointer<Float>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        let blocks = columns / format.block.elements
        withExtendedLifetime(owner) {
            let start = bytes.baseAddress! + range.lowerBound * blocks * format.block.bytes
            format.dequantize(start, blocks: range.count * blocks, into: out)
        }
    }
}

/// y = W x + b on rows, where W stays as the file stores it: a block of outputs at a time becomes floats, meets every row, and
/// is forgotten. So weights take no memory of a process's own, and many rows should come at once.
///
/// A row's result is the same to the last bit whatever other rows come with it, and whatever the number of threads.
public struct StoredLinear: Sendable {
    public let weights: StoredMatrix
    /// Padded to whole panels.
    private let bias: FloatBuffer

    public init(_ weights: StoredMatrix, bias: [Float]? = nil) {
        self.weights = weights
        self.bias = FloatBuffer(count: Self.padded(weights.rows))
        guard let bias else { return }
        precondition(bias.count == weights.rows, "\(bias.count) biases for \(weights.rows) outputs")
        self.bias.base.update(from: bias, count: bias.count)
    }

    /// [outputs]
    public var biases: [Float] { Array(UnsafeBufferPointer(start: bias.base, count: weights.rows)) }

    /// `[n x inputs] -> [n x outputs]`, plus `residual` of that shape, or through `activation`; not both.
    public func callAsFunction(_ x: Matrix, adding residual: Matrix? = nil, activation: Activation? = nil, threads: Int) -> Matrix {
        let stride = Matrix.stride(columns: Self.padded(weights.rows))
        var y = Matrix(unwritten: x.rowCount, columns: weights.rows, stride: stride)
        guard x.rowCount > 0 else { return y }
        precondition(residual == nil || activation == nil, "a residual or an activation")
        if let residual {
            precondition(residual.rowCount == x.rowCount && residual.columnCount == weights.rows, "a residual of the output's shape")
            precondition(residual.stride == stride, "a residual with the output's padding")
        }
        y.withMutableBase { out in
            nonisolated(unsafe) let out = out
            forEachBlock(x, of: blockSize(rows: x.rowCount, threads: threads), threads: threads) { block, task in
                task.c = out + block.lowerBound
                task.c_row = stride
                if let activation { return Self.run(task, activation) }
                if let residual {
                    residual.withBase {
                        task.residual = $0 + block.lowerBound
                        Self.run(&task)
                    }
                } else {
                    Self.run(&task)
                }
            }
        }
        return y
    }

    /// log softmax(W x + b) at the given outputs of each row, without keeping the outputs: `targets[i]` lists those of row i.
    public func logProbabilities(_ x: Matrix, at targets: [[Int]], threads: Int) -> [[Float]] {
        precondition(targets.count == x.rowCount, "targets for each row")
        precondition(targets.allSatisfy { $0.allSatisfy { 0 <= $0 && $0 < weights.rows } }, "targets are outputs")
        let rows = x.rowCount, blocks = (weights.rows + blockSize - 1) / blockSize
        guard rows > 0 else { return [] }
        // [block][row]: the highest output of the block, and the sum of e^(output - highest).
        let highest = FloatBuffer(count: blocks * rows), total = FloatBuffer(count: blocks * rows)
        let found = FloatBuffer(count: targets.reduce(0) { $0 + $1.count })
        var starts: [Int] = [], count = 0
        for list in targets {
            starts.append(count)
            count += list.count
        }
        forEachBlock(x, of: blockSize, threads: threads) { [starts] block, task in
            let width = Self.padded(block.count), first = block.lowerBound / blockSize * rows
            let out = FloatBuffer(unwritten: rows * width)
            (task.c, task.c_row) = (out.base, width)
            Self.run(&task)
            for row in 0..<rows {
                let outputs = out.base + row * width
                lcl_log_sum_exp(outputs, block.count, highest.base + first + row, total.base + first + row)
                for (i, target) in targets[row].enumerated() where block.contains(target) {
                    found.base[starts[row] + i] = outputs[target - block.lowerBound]
                }
            }
        }
        return targets.indices.map { row in
            let top = (0..<blocks).map { highest.base[$0 * rows + row] }.max()!
            let sum = (0..<blocks).reduce(0.0) { sum, block in
                sum + Double(total.base[block * rows + row]) * exp2(Double(highest.base[block * rows + row] - top) * 1.4426950408889634)
            }
            let normaliser = Double(top) + log(sum)
            return targets[row].indices.map { Float(Double(found.base[starts[row] + $0]) - normaliser) }
        }
    }

    /// The highest output of each row; of equals, the first.
    public func highest(_ x: Matrix, threads: Int) -> [Int] {
        let rows = x.rowCount, blocks = (weights.rows + blockSize - 1) / blockSize
        guard rows > 0 else { return [] }
        // [block][row]
        let values = FloatBuffer(count: blocks * rows), places = FloatBuffer(count: blocks * rows)
        forEachBlock(x, of: blockSize, threads: threads) { block, task in
            let width = Self.padded(block.count), first = block.lowerBound / blockSize * rows
            let out = FloatBuffer(unwritten: rows * width)
            (task.c, task.c_row) = (out.base, width)
            Self.run(&task)
            for row in 0..<rows {
                let outputs = UnsafeBufferPointer(start: out.base + row * width, count: block.count)
                let best = outputs.indices.reduce(0) { outputs[$1] > outputs[$0] ? $1 : $0 }
                // A place inside a block is small: exact as a float.
                (values.base[first + row], places.base[first + row]) = (outputs[best], Float(best))
            }
        }
        return (0..<rows).map { row in
            let block = (0..<blocks).reduce(0) { values.base[$1 * rows + row] > values.base[$0 * rows + row] ? $1 : $0 }
            return block * blockSize + Int(places.base[block * rows + row])
        }
    }

    // MARK: Blocks

    /// Outputs that become floats together: 192 KiB of them, in whole panels.
    private var blockSize: Int { max(1, 48 * 1024 / weights.columns / 16) * 16 }

    /// Many rows are worth larger blocks, in the last-level cache: each pass over the rows then serves more outputs. The blocks are as
    /// many as the threads can share evenly.
    private func blockSize(rows: Int, threads: Int) -> Int {
        guard rows >= 256 else { return blockSize }
        let largest = max(1, 512 * 1024 / weights.columns / 16) * 16, least = (weights.rows + largest - 1) / largest
        let blocks = (least + threads - 1) / threads * threads
        return Self.padded((weights.rows + blocks - 1) / blocks)
    }

    private static func padded(_ count: Int) -> Int { (count + 15) / 16 * 16 }

    /// Calls `body` with each block of outputs and a task that lacks only its destination; on several threads at once.
    private func forEachBlock(_ x: Matrix, of size: Int, threads: Int, _ body: @Sendable (Range<Int>, inout lcl_linear) -> Void) {
        precondition(x.columnCount == weights.columns, "\(x.columnCount) columns for \(weights.columns) inputs")
        let blocks = (weights.rows + size - 1) / size, threads = min(threads, blocks)
        Threads.run(threads) { thread in
            let rows = FloatBuffer(unwritten: size * weights.columns), packed = FloatBuffer(unwritten: size * weights.columns)
            for index in stride(from: thread, to: blocks, by: threads) {
                let block = index * size..<min(weights.rows, (index + 1) * size)
                pack(block, rows, packed)
                x.withBase { a in
                    var task = lcl_linear()
                    (task.m, task.k, task.n) = (x.rowCount, weights.columns, Self.padded(block.count))
                    (task.a, task.a_row, task.a_plane) = (a, x.stride, 8)
                    (task.weights, task.bias) = (UnsafePointer(packed.base), UnsafePointer(bias.base + block.lowerBound))
                    (task.c_plane, task.c_group) = (8, x.rowCount)
                    body(block, &task)
                }
            }
        }
    }

    private func pack(_ block: Range<Int>, _ rows: FloatBuffer, _ packed: FloatBuffer) {
        weights.floats(rows: block, into: rows.base)
        let k = weights.columns, whole = Self.padded(block.count)
        (rows.base + block.count * k).update(repeating: 0, count: (whole - block.count) * k)
        for first in Swift.stride(from: 0, to: whole, by: 16) {
            lcl_pack_panel(rows.base + first * k, k, k, packed.base + first * k)
        }
    }

    /// A few rows at a time, so that their outputs are still near when they are gone through again.
    private static func run(_ whole: lcl_linear, _ activation: Activation) {
        for first in Swift.stride(from: 0, to: whole.m, by: 96) {
            var task = whole
            task.m = min(96, whole.m - first)
            task.c_group = task.m
            task.a += first * task.a_row
            task.c += first * task.c_row
            run(&task)
            for row in 0..<task.m { activation.apply(task.c + row * task.c_row, task.n) }
        }
    }

    private static func run(_ task: inout lcl_linear) { Kernels.best.table.pointee.linear(&task) }
}

/// Parts of one computation on several threads; never on Swift's cooperative pool.
package enum Threads {
    /// `body` with 0 ..< `count`, all of them done on return.
    package static func run(_ count: Int, _ body: @Sendable (Int) -> Void) {
        guard count > 1 else { return body(0) }
        DispatchQueue.concurrentPerform(iterations: count, execute: body)
    }
}
