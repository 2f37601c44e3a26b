// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// Turns picture files into the squares that a vision model wants, byte for byte as Pillow's resampling would.
///
/// Pictures are read at their full size, row by row: no whole picture is held unless the file is interlaced or progressive.
/// One preparer belongs to one thread at a time.
public final class PicturePreparer {
    public let input: PictureInput
    public let limits: ImageLimits

    public init(_ input: PictureInput, limits: ImageLimits = ImageLimits()) {
        precondition((1...4096).contains(input.side), "a network's input side")
        self.input = input
        self.limits = limits
    }

    /// Prepares one JPEG or PNG file, told apart by content.
    /// - Throws: ``ImageError``; the preparer stays usable.
    public func prepare(_ file: UnsafeRawBufferPointer) throws(ImageError) -> PreparedPicture {
        let source = try PictureSource(file, limits: limits), side = input.side, filter = input.filter
        switch input.fit {
        case .stretch: return PreparedPicture(squares: [try source.scaled(Framing(source.size, to: (side, side)), filter).bytes])
        case .crop: return PreparedPicture(squares: [try source.scaled(.crop(source.size, side: side), filter).bytes])
        case .pad(let colour): return PreparedPicture(squares: [try source.scaled(.pad(source.size, side: side, colour), filter).bytes])
        case .tiles(let longest, let split):
            let whole = try source.scaled(Framing(source.size, to: Framing.longest(source.size, longest)), filter)
            return split ? tiles(whole) : PreparedPicture(squares: [whole.scaled(width: side, height: side, filter).bytes])
        }
    }

    /// Idefics3's: distorted to whole squares, which are cut out; then the picture as a whole.
    private func tiles(_ picture: Raster) -> PreparedPicture {
        let side = input.side, (width, height) = Framing.tiled(picture.width, picture.height, side: side)
        let large = picture.scaled(width: width, height: height, input.filter), rows = height / side, columns = width / side
        if rows == 1 && columns == 1 { return PreparedPicture(squares: [large.bytes]) }
        var squares: [[UInt8]] = []
        for row in 0..<rows {
            for column in 0..<columns { squares.append(large.cut(x: column * side, y: row * side, side: side)) }
        }
        return PreparedPicture(rows: rows, columns: columns, squares: squares + [large.scaled(width: side, height: side, input.filter).bytes])
    }
}
