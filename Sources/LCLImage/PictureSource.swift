// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// One open picture file, to be scaled once while it is read.
final class PictureSource {
    private let image: OpenImage
    private let orientation: Orientation
    /// Upright.
    let size: (width: Int, height: Int)

    init(_ file: UnsafeRawBufferPointer, limits: ImageLimits) throws(ImageError) {
        image = try OpenImage(file, limits: limits)
        orientation = Orientation(exif: image.info.orientation)
        size = orientation.swapsAxes ? (image.info.height, image.info.width) : (image.info.width, image.info.height)
    }

    /// The picture, framed and upright.
    func scaled(_ framing: Framing, _ filter: PictureInput.Filter) throws(ImageError) -> Raster {
        let stored = framing.stored(orientation), whole = stored.barred
        try image.start(eighths: 8)
        let resampler = ExactResampler(
            whole, scaled: stored.scaled, x: stored.window.x, y: stored.window.y, filter, swapped: orientation.swapsAxes)
        // A row with its bars, RGBX; the picture's own pixels are written over every time.
        var row = [UInt8](repeating: 0, count: whole.width * 4)
        for i in row.indices { row[i] = i % 4 == 3 ? 0 : stored.colour[i % 4] }
        for _ in 0..<stored.bars.y.before { resampler.push(row) }
        for _ in 0..<stored.size.height {
            _ = try row.withUnsafeMutableBufferPointer { row throws(ImageError) in
                try image.read(row.baseAddress! + stored.bars.x.before * 4, count: 1)
            }
            resampler.push(row)
        }
        try image.finish()
        for i in row.indices { row[i] = i % 4 == 3 ? 0 : stored.colour[i % 4] }
        for _ in 0..<stored.bars.y.after { resampler.push(row) }
        return Raster(width: stored.window.x.count, height: stored.window.y.count, bytes: resampler.bytes).turned(orientation)
    }
}
