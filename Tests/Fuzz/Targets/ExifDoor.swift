// SPDX-License-Identifier: Apache-2.0
import LCLImage
import TestPictures

/// A claim of orientation, in JPEG's place for it and in PNG's: whatever it says, the picture is read, and is one of the eight
/// ways to turn it.
final class ExifDoor: FuzzDoor {
    private static let side = 8
    private let reader = PictureReader(side: side)
    private let jpeg: [UInt8]
    private let png: [UInt8]
    private let turned: Set<[UInt8]>

    init() {
        let canvas = TestPictures.picture(class: 1, instance: 0, side: Self.side)
        (jpeg, png) = (canvas.jpeg(), canvas.png())
        let files = (1...8).flatMap { turn in
            var jpeg = Canvas.JPEGOptions(), png = Canvas.PNGOptions()
            jpeg.orientation = turn
            png.orientation = turn
            return [canvas.jpeg(jpeg), canvas.png(png)]
        }
        let reader = self.reader
        turned = Set(files.map { try! prepared($0, reader, over: 0) })
    }

    func check(_ input: [UInt8]) throws {
        let claim = Array(input.prefix(60_000))
        for file in [Self.withAPP1(jpeg, Array("Exif\0\0".utf8) + claim), Self.withAPP1(jpeg, claim), Self.withChunk(png, "eXIf", claim)] {
            try require(turned.contains(try prepared(file, reader, over: 0xAA)), "a picture is turned in one of eight ways")
        }
    }

    /// With a segment right after the start of the file.
    private static func withAPP1(_ file: [UInt8], _ content: [UInt8]) -> [UInt8] {
        let length = content.count + 2
        return file[..<2] + [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)] + content + file[2...]
    }

    /// With a chunk right after the first.
    private static func withChunk(_ file: [UInt8], _ type: String, _ content: [UInt8]) -> [UInt8] {
        file[..<33] + PNGChunk.bytes(type, content) + file[33...]
    }
}
