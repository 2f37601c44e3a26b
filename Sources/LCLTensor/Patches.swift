// SPDX-License-Identifier: Apache-2.0
import CKernels

/// One output row's 3x3 patches of a 3-colour picture, stride 2, as floats: what the first convolution multiplies.
///
/// Input column x is 9 values, `[3 rows][3 colours]`, so that patch x is the 27 values from `18 x` on: no value is copied twice.
public struct Patches {
    /// Values from one patch to the next.
    public static let step = 18
    let width: Int
    let buffer: FloatBuffer

    /// - Parameter width: of the input, pixels; even.
    public init(width: Int) {
        precondition(width > 0 && width % 2 == 0, "a width of \(width)")
        self.width = width
        buffer = FloatBuffer(count: (width + 1) * 9)
    }

    /// Patches of output row `row`: input rows `2 row` to `2 row + 2`, zero where outside.
    /// - Parameter pixels: RGB bytes, `height x width x 3`; become (byte - 127) / 128.
    public func load(_ pixels: UnsafeBufferPointer<UInt8>, row: Int) {
        let height = pixels.count / (3 * width)
        precondition(pixels.count == height * width * 3 && row >= 0 && 2 * row < height, "row \(row) of \(height)")
        var rows = (0..<3).map { 2 * row + $0 < height ? pixels.baseAddress! + (2 * row + $0) * width * 3 : nil }
        lcl_unpack_pixels(&rows, width, buffer.base)
    }
}
