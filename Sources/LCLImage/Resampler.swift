// SPDX-License-Identifier: Apache-2.0
import CImageCodecs

/// Scales a picture while its rows arrive: across first, then down, each rounded to 8 bits, as Pillow does.
///
/// It holds no more source rows than one output row needs, whatever the picture's size. Its buffers only grow.
final class Resampler {
    private var across = FilterTable<Float>()
    private var down = FilterTable<Float>()
    private var width = 0
    private var columns = 0
    private var pushed = 0
    private var emitted = 0
    /// width x 4.
    private let wide = GrowingBuffer<Float>()
    /// `down.taps` rows of columns x 4: the last source rows, already scaled across.
    private let ring = GrowingBuffer<Float>()

    /// - Parameters:
    ///   - width, height: of the rows to come.
    ///   - scaledWidth, scaledHeight: of the whole picture after scaling.
    ///   - x, y: the part of it that is wanted.
    func begin(width: Int, height: Int, scaledWidth: Int, scaledHeight: Int, x: Range<Int>, y: Range<Int>) {
        across.fill(length: width, scaled: scaledWidth, window: x)
        down.fill(length: height, scaled: scaledHeight, window: y)
        self.width = width
        columns = x.count
        pushed = 0
        emitted = 0
        wide.reserve(width * 4)
        ring.reserve(down.taps * columns * 4)
    }

    /// Takes the next source row (width x 4 bytes, RGBX) and writes the output rows that it completes.
    /// - Parameter out: all output rows: y.count x x.count x 3 bytes.
    func push(_ row: UnsafePointer<UInt8>, into out: UnsafeMutablePointer<UInt8>) {
        defer { pushed += 1 }
        guard emitted < down.first.count, pushed >= down.first[emitted] else { return }
        let slot = ring.base + (pushed % down.taps) * columns * 4
        lcl_resample_row(
            row, Int32(width), wide.base, across.first, across.weights, Int32(across.taps), Int32(columns), slot)
        while emitted < down.first.count, Int(down.first[emitted]) + down.taps == pushed + 1 {
            down.weights.withUnsafeBufferPointer { weights in
                lcl_resample_column(
                    ring.base, Int32(down.taps), down.first[emitted], weights.baseAddress! + emitted * down.taps,
                    Int32(down.taps), Int32(columns), out + emitted * columns * 3)
            }
            emitted += 1
        }
    }
}
