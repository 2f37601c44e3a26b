// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// A small picture in memory: rows from the top, RGB interleaved.
struct Raster {
    let width: Int
    let height: Int
    let bytes: [UInt8]

    func scaled(width: Int, height: Int, _ filter: PictureInput.Filter) -> Raster {
        let resampler = ExactResampler((self.width, self.height), scaled: (width, height), x: 0..<width, y: 0..<height, filter)
        var row = [UInt8](repeating: 0, count: self.width * 4)
        for y in 0..<self.height {
            for x in 0..<self.width {
                for colour in 0..<3 { row[x * 4 + colour] = bytes[(y * self.width + x) * 3 + colour] }
            }
            resampler.push(row)
        }
        return Raster(width: width, height: height, bytes: resampler.bytes)
    }

    /// The bytes of a square part.
    func cut(x: Int, y: Int, side: Int) -> [UInt8] {
        (y..<y + side).flatMap { row -> ArraySlice<UInt8> in
            let start = (row * width + x) * 3
            return bytes[start..<start + side * 3]
        }
    }

    /// From the stored to the upright frame.
    func turned(_ orientation: Orientation) -> Raster {
        guard orientation != Orientation(exif: 1) else { return self }
        let (wide, high) = orientation.swapsAxes ? (height, width) : (width, height)
        var upright = [UInt8](repeating: 0, count: bytes.count)
        for y in 0..<high {
            for x in 0..<wide {
                let (i, j) = (orientation.mirrorsX ? wide - 1 - x : x, orientation.mirrorsY ? high - 1 - y : y)
                let from = orientation.swapsAxes ? i * width + j : j * width + i
                for colour in 0..<3 { upright[(y * wide + x) * 3 + colour] = bytes[from * 3 + colour] }
            }
        }
        return Raster(width: wide, height: high, bytes: upright)
    }
}
