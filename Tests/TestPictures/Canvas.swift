// SPDX-License-Identifier: Apache-2.0

/// A small picture in memory that tests draw on and encode: 8-bit RGBA, rows from the top.
package struct Canvas: Equatable, Sendable {
    package let width: Int
    package let height: Int
    /// height x width x 4, R G B A.
    package var pixels: [UInt8]

    package init(width: Int, height: Int, red: UInt8 = 255, green: UInt8 = 255, blue: UInt8 = 255, alpha: UInt8 = 255) {
        self.width = width
        self.height = height
        pixels = []
        fatalError("not written yet")
    }

    package struct JPEGOptions: Sendable {
        package enum Colour: Sendable { case rgb, grey, cmyk, ycck }
        package var quality = 90
        package var colour = Colour.rgb
        /// 4:4:4 instead of 4:2:0.
        package var fullChroma = false
        package var progressive = false
        /// EXIF orientation 1 to 8 to claim in an APP1 segment; `nil` writes none. The pixels stay as they are.
        package var orientation: Int?

        package init() {}
    }

    package struct PNGOptions: Sendable {
        package enum Colour: Sendable { case rgb, rgba, grey, greyAlpha, palette }
        package var colour = Colour.rgb
        package var sixteenBit = false
        package var interlaced = false
        /// EXIF orientation 1 to 8 to claim in an eXIf chunk; `nil` writes none.
        package var orientation: Int?

        package init() {}
    }

    /// The bytes of a JPEG file; alpha is dropped.
    package func jpeg(_ options: JPEGOptions = JPEGOptions()) -> [UInt8] { fatalError("not written yet") }

    /// The bytes of a PNG file; with `.palette` the colours are quantised to 6 x 6 x 6 and alpha goes to a tRNS chunk.
    package func png(_ options: PNGOptions = PNGOptions()) -> [UInt8] { fatalError("not written yet") }
}
