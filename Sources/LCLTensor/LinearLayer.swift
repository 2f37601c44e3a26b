// SPDX-License-Identifier: Apache-2.0
import CKernels

/// y = f(W x + b) on rows, weights packed once for our own kernel: also a 1x1 convolution on pixels.
///
/// A row's result is the same to the last bit whatever other rows come with it. Immutable, so any number of threads share it.
public final class LinearLayer: Sendable {
    public let inputs: Int
    public let outputs: Int
    private let relu6: Bool
    private let weights: FloatBuffer
    private let bias: FloatBuffer

    /// - Parameters:
    ///   - weights: `[outputs x inputs]`, as trained.
    ///   - bias: one per output, or none.
    public init(weights: Matrix, bias: [Float]? = nil, relu6: Bool = false) {
        inputs = weights.columnCount
        outputs = weights.rowCount
        self.relu6 = relu6
        self.weights = FloatBuffer(count: lcl_packed_size(outputs, inputs))
        self.bias = FloatBuffer(count: Self.padded(outputs))
        lcl_pack_weights(weights.elements, outputs, inputs, self.weights.base)
        if let bias {
            precondition(bias.count == outputs, "\(bias.count) biases for \(outputs) outputs")
            self.bias.base.update(from: bias, count: outputs)
        }
    }

    /// `[n x inputs] -> [n x outputs]`.
    public func callAsFunction(_ x: Matrix, on kernels: Kernels = .best) -> Matrix {
        precondition(x.columnCount == inputs, "\(x.columnCount) columns for \(inputs) inputs")
        let padded = Self.padded(outputs), stride = Matrix.stride(columns: padded)
        var y = Matrix(rows: x.rowCount, columns: outputs, stride: stride)
        guard x.rowCount > 0, outputs > 0 else { return y }
        y.withMutableBase { c in
            x.withBase { a in
                run(0..<padded, kernels) {
                    $0.m = x.rowCount
                    ($0.a, $0.a_row, $0.a_plane) = (a, x.stride, 8)
                    ($0.c, $0.c_row, $0.c_plane, $0.c_group) = (c, stride, 8, x.rowCount)
                }
            }
        }
        return y
    }

    /// Outputs that are computed together; a part of the layer is one or more of these.
    public var panels: [Range<Int>] {
        var result: [Range<Int>] = [], first = 0
        while first < outputs {
            let end = first + lcl_panel_width(outputs, first)
            result.append(first..<end)
            first = end
        }
        return result
    }

    /// As a 1x1 convolution: rows `rows` of `input`, all channels, to the rows of `output` from `row` on; outputs `part` (one or
    /// more whole panels, all where `nil`) become its channels from 0 on. `residual`, shaped like `output`, is added.
    public func convolve(
        _ input: Picture, rows: Range<Int>, part: Range<Int>? = nil, into output: Picture, at row: Int, adding residual: Picture? = nil,
        on kernels: Kernels = .best
    ) {
        let part = part ?? 0..<outputs
        precondition(input.channels == inputs && output.channels == part.count && input.width == output.width, "shapes of a convolution")
        precondition(input.border.left == 0 && input.border.right == 0, "a convolution's input is dense")
        precondition(rows.lowerBound >= 0 && rows.upperBound <= input.height && row >= 0 && row + rows.count <= output.height, "rows")
        if let residual { precondition(residual.planeStride == output.planeStride && residual.rowStride == output.rowStride, "residual") }
        run(part, kernels) {
            $0.m = rows.count * input.width
            ($0.a, $0.a_row, $0.a_plane) = (UnsafePointer(input.row(rows.lowerBound)), 8, input.planeStride)
            $0.place(output, row: row)
            $0.residual = residual.map { UnsafePointer($0.row(row)) }
        }
    }

    /// One row of `output` from overlapping patches: patch x is the `inputs` values from `patches + x * step` on.
    public func convolve(patches: Patches, step: Int, into output: Picture, at row: Int, on kernels: Kernels = .best) {
        precondition(output.channels == outputs && row >= 0 && row < output.height, "shapes of a convolution")
        precondition((output.width - 1) * step + inputs <= patches.buffer.count, "patches for \(output.width) pixels")
        run(0..<outputs, kernels) {
            $0.m = output.width
            ($0.a, $0.a_row, $0.a_plane) = (UnsafePointer(patches.buffer.base), step, 8)
            $0.place(output, row: row)
        }
    }

    /// Fills in what does not depend on the input, and runs the kernel.
    private func run(_ part: Range<Int>, _ kernels: Kernels, _ describe: (inout lcl_linear) -> Void) {
        precondition(part.lowerBound >= 0 && part.upperBound <= Self.padded(outputs) && part.lowerBound % 8 == 0, "outputs \(part)")
        var task = lcl_linear()
        task.k = inputs
        task.n = part.count
        task.weights = UnsafePointer(weights.base + part.lowerBound * inputs)
        task.bias = UnsafePointer(bias.base + part.lowerBound)
        task.relu6 = relu6
        describe(&task)
        withExtendedLifetime(self) { kernels.table.pointee.linear(&task) }
    }

    private static func padded(_ count: Int) -> Int { (count + 7) / 8 * 8 }
}

extension lcl_linear {
    fileprivate mutating func place(_ output: Picture, row: Int) {
        (c, c_row, c_plane) = (output.row(row), 8, output.planeStride)
        (c_group, c_gap) = (output.width, output.rowStride - output.width * 8)
    }
}
