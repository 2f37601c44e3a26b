// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Depthwise convolution, bias and ReLU6: each channel by itself, 3x3 or 5x5, stride 1 or 2, with the padding of TensorFlow's
/// `SAME` (where it is odd, the larger half comes after). Immutable, so any number of threads share it.
public final class DepthwiseLayer: Sendable {
    public let kernel: Int
    public let stride: Int
    public let channels: Int
    private let weights: FloatBuffer
    private let bias: FloatBuffer

    /// - Parameters:
    ///   - weights: `kernel x kernel x channels` values.
    ///   - channels: a multiple of 8.
    public init(kernel: Int, stride: Int, channels: Int, weights: [Float], bias: [Float]) {
        precondition([3, 5].contains(kernel) && [1, 2].contains(stride) && channels % 8 == 0, "a kernel that we have")
        precondition(weights.count == kernel * kernel * channels && bias.count == channels, "weights for \(channels) channels")
        self.kernel = kernel
        self.stride = stride
        self.channels = channels
        self.weights = FloatBuffer(count: weights.count)
        self.bias = FloatBuffer(count: channels)
        let taps = kernel * kernel
        for (i, weight) in weights.enumerated() {
            let (tap, channel) = i.quotientAndRemainder(dividingBy: channels)
            self.weights.base[(channel / 8 * taps + tap) * 8 + channel % 8] = weight
        }
        self.bias.base.update(from: bias, count: channels)
    }

    /// Input pixels outside the picture that are read before its first row or column, and after its last, for an even side.
    public var padding: (before: Int, after: Int) {
        let total = kernel - stride
        return (total / 2, total - total / 2)
    }

    /// Input rows that these output rows read; they may lie outside.
    public func inputRows(for rows: Range<Int>) -> Range<Int> {
        let first = rows.lowerBound * stride - padding.before
        return first..<(first + (rows.count - 1) * stride + kernel)
    }

    /// Channels `part` of the layer, from all channels of `input`, to channels `part` of `output`.
    /// - Parameters:
    ///   - input: its row 0 is the first that the first output row reads; its border holds the padding at the sides.
    ///   - output: all its rows are computed; dense.
    public func convolve(_ input: Picture, part: Range<Int>, into output: Picture, on kernels: Kernels = .best) {
        precondition(input.channels == part.count && output.channels == channels && part.upperBound <= channels, "channels \(part)")
        precondition(part.lowerBound >= 0 && part.lowerBound % 8 == 0, "whole planes")
        precondition(input.height >= (output.height - 1) * stride + kernel, "\(input.height) rows for \(output.height)")
        precondition(input.border.left == padding.before && input.width + kernel - stride >= (output.width - 1) * stride + kernel, "width")
        precondition(input.border.right >= padding.after && output.border == .none, "borders")
        var task = lcl_depthwise()
        (task.planes, task.kernel, task.stride) = (input.planes, kernel, stride)
        (task.in, task.in_row, task.in_plane) = (UnsafePointer(input.row(0) - padding.before * 8), input.rowStride, input.planeStride)
        task.weights = UnsafePointer(weights.base + part.lowerBound * kernel * kernel)
        task.bias = UnsafePointer(bias.base + part.lowerBound)
        task.out = output.row(0) + part.lowerBound / 8 * output.planeStride
        (task.out_rows, task.out_width, task.out_plane) = (output.height, output.width, output.planeStride)
        withExtendedLifetime(self) { kernels.table.pointee.depthwise(&task) }
    }
}
