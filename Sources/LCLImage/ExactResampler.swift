// SPDX-License-Identifier: Apache-2.0
import CImageCodecs
import LCLTensor

/// Scales a picture while its rows arrive, in Pillow's fixed-point arithmetic: the same bytes.
///
/// ``Resampler`` is its faster sibling in floating point, which may differ by one level.
final class ExactResampler {
    private var across = FilterTable<Int32>()
    private var down = FilterTable<Int32>()
    private let columns: Int
    private let downFirst: Bool
    private var pushed = 0
    private var emitted = 0
    /// `down.taps` rows of RGBX: the last source rows, already scaled across where that comes first.
    private var ring: [UInt8]
    private let ringWidth: Int
    /// One row of RGBX between the two directions.
    private var between: [UInt8]
    /// y.count x x.count x 3.
    private(set) var bytes: [UInt8]

    /// - Parameters:
    ///   - size: of the picture to come, width and height.
    ///   - scaled: of the whole picture after scaling.
    ///   - x, y: the part of it that is wanted.
    ///   - swapped: whether the rows to come are the upright picture's columns.
    init(
        _ size: (width: Int, height: Int), scaled: (width: Int, height: Int), x: Range<Int>, y: Range<Int>, _ filter: PictureInput.Filter,
        swapped: Bool = false
    ) {
        across.fill(length: size.width, scaled: scaled.width, window: x, filter: filter)
        down.fill(length: size.height, scaled: scaled.height, window: y, filter: filter)
        let lost = (size.width - scaled.width, size.height - scaled.height)
        downFirst = swapped ? !Self.goesDownFirst(columns: lost.1, rows: lost.0) : Self.goesDownFirst(columns: lost.0, rows: lost.1)
        columns = x.count
        ringWidth = downFirst ? size.width : x.count
        ring = [UInt8](repeating: 0, count: down.taps * ringWidth * 4)
        between = [UInt8](repeating: 0, count: max(ringWidth, x.count) * 4)
        bytes = [UInt8](repeating: 0, count: y.count * x.count * 3)
    }

    /// Pillow goes across first, but where that would drop less than half as many columns as the other way drops rows. It rounds to
    /// bytes in between, so the order shows.
    private static func goesDownFirst(columns: Int, rows: Int) -> Bool { rows > 0 && rows > 2 * columns }

    /// Takes the next source row, width x 4 bytes, RGBX.
    func push(_ row: UnsafePointer<UInt8>) {
        defer { pushed += 1 }
        guard emitted < down.first.count, pushed >= down.first[emitted] else { return }
        ring.withUnsafeMutableBufferPointer {
            let slot = $0.baseAddress! + pushed % down.taps * ringWidth * 4
            if downFirst {
                slot.update(from: row, count: ringWidth * 4)
            } else {
                lcl_resample_row_exact(row, across.first, across.weights, Int32(across.taps), Int32(columns), slot)
            }
        }
        while emitted < down.first.count, Int(down.first[emitted]) + down.taps == pushed + 1 {
            emit()
            emitted += 1
        }
    }

    private func emit() {
        between.withUnsafeMutableBufferPointer { between in
            down.weights.withUnsafeBufferPointer { weights in
                lcl_resample_column_exact(
                    ring, Int32(down.taps), down.first[emitted], weights.baseAddress! + emitted * down.taps, Int32(down.taps), Int32(ringWidth),
                    between.baseAddress!)
            }
        }
        if downFirst {
            let row = between
            between.withUnsafeMutableBufferPointer {
                lcl_resample_row_exact(row, across.first, across.weights, Int32(across.taps), Int32(columns), $0.baseAddress!)
            }
        }
        let start = emitted * columns * 3
        for x in 0..<columns {
            for colour in 0..<3 { bytes[start + x * 3 + colour] = between[x * 4 + colour] }
        }
    }
}
