// SPDX-License-Identifier: Apache-2.0

/// A small picture in memory that tests draw on and encode: 8-bit RGBA, rows from the top.
package struct Canvas: Equatable, Sendable {
    package let width: Int
    package let height: Int
    /// height x width x 4, R G B A.
    package var pixels: [UInt8]

    package init(width: Int, height: Int, red: UInt8 = 255, green: UInt8 = 255, blue: UInt8 = 255, alpha: UInt8 = 255) {
        precondition(width > 0 && height > 0)
        self.width = width
        self.height = height
        pixels = []
        pixels.reserveCapacity(width * height * 4)
        for _ in 0..<width * height { pixels += [red, green, blue, alpha] }
    }

    /// One pixel: R, G, B, A.
    package subscript(x: Int, y: Int) -> SIMD4<UInt8> {
        get {
            let at = (y * width + x) * 4
            return SIMD4(pixels[at], pixels[at + 1], pixels[at + 2], pixels[at + 3])
        }
        set {
            let at = (y * width + x) * 4
            for channel in 0..<4 { pixels[at + channel] = newValue[channel] }
        }
    }

    /// Every pixel in reading order.
    var colours: some Sequence<SIMD4<UInt8>> {
        (0..<width * height).lazy.map { i in
            SIMD4(pixels[i * 4], pixels[i * 4 + 1], pixels[i * 4 + 2], pixels[i * 4 + 3])
        }
    }

    /// TIFF data with nothing but an orientation: what EXIF segments and chunks hold.
    static func tiff(orientation: Int) -> [UInt8] {
        [0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, UInt8(orientation), 0, 0, 0, 0, 0, 0]
    }
}
