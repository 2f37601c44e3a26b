// SPDX-License-Identifier: Apache-2.0
import CImageCodecs
import LCLTensor

/// Scales a picture while its rows arrive, in Pillow's fixed-point arithmetic: the same bytes.
///
/// ``Resampler`` is its faster sibling in floating point, which may differ by one level.
final class ExactResampler {
    private var across = FilterTable<Int32>()
    private var down = FilterTable<Int32>()
    private let width: Int
    private let columns: Int
    private var pushed = 0
    private var emitted = 0
    /// `down.taps` rows of columns x 4: the last source rows, already scaled across.
    private var ring: [UInt8]
    /// y.count x x.count x 3.
    private(set) var bytes: [UInt8]

    /// - Parameters:
    ///   - size: of the picture to come, width and height.
    ///   - scaled: of the whole picture after scaling.
    ///   - x, y: the part of it that is wanted.
    init(_ size: (Int, Int), scaled: (Int, Int), x: Range<Int>, y: Range<Int>, _ filter: PictureInput.Filter) {
        across.fill(length: size.0, scaled: scaled.0, window: x, filter: filter)
        down.fill(length: size.1, scaled: scaled.1, window: y, filter: filter)
        (width, columns) = (size.0, x.count)
        ring = [UInt8](repeating: 0, count: down.taps * x.count * 4)
        bytes = [UInt8](repeating: 0, count: y.count * x.count * 3)
    }

    /// Takes the next source row, width x 4 bytes, RGBX.
    func push(_ row: UnsafePointer<UInt8>) {
        defer { pushed += 1 }
        guard emitted < down.first.count, pushed >= down.first[emitted] else { return }
        ring.withUnsafeMutableBufferPointer {
            let slot = $0.baseAddress! + pushed % down.taps * columns * 4
            lcl_resample_row_exact(row, across.first, across.weights, Int32(across.taps), Int32(columns), slot)
        }
        while emitted < down.first.count, Int(down.first[emitted]) + down.taps == pushed + 1 {
            bytes.withUnsafeMutableBufferPointer { out in
                down.weights.withUnsafeBufferPointer { weights in
                    lcl_resample_column_exact(
                        ring, Int32(down.taps), down.first[emitted], weights.baseAddress! + emitted * down.taps, Int32(down.taps), Int32(columns),
                        out.baseAddress! + emitted * columns * 3)
                }
            }
            emitted += 1
        }
    }
}
