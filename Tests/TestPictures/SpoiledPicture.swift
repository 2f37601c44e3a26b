// SPDX-License-Identifier: Apache-2.0

/// Bytes that are wrong on purpose.
package enum SpoiledPicture {
    /// The first `share` (0 to 1) of a file.
    package static func truncated(_ file: [UInt8], to share: Double) -> [UInt8] {
        Array(file.prefix(Int(Double(file.count) * share)))
    }

    /// `count` bytes at seeded places changed to seeded values.
    package static func flipped(_ file: [UInt8], count: Int, seed: UInt64) -> [UInt8] {
        var file = file, random = SeededGenerator(seed: seed)
        for _ in 0..<count { file[Int.random(in: file.indices, using: &random)] ^= UInt8.random(in: 1...255, using: &random) }
        return file
    }

    /// A few dozen bytes whose header claims any size, with a right checksum.
    package static func pngBomb(width: Int = 30_000, height: Int = 30_000) -> [UInt8] {
        var file = Canvas(width: 1, height: 1).png()
        file.replaceSubrange(16..<24, with: bigEndian(width) + bigEndian(height))
        file.replaceSubrange(29..<33, with: bigEndian(Int(crc32(file[12..<29]))))
        return file
    }

    /// A good picture of 8 x 8 whose compressed data go on for so many bytes; each byte of them could stand for a thousand.
    package static func pngWithMore(_ bytes: Int, interlaced: Bool = false) -> [UInt8] {
        let pixels = [UInt8](repeating: 0, count: (interlaced ? 15 : 8) + 8 * 8 * 3 + bytes)
        var stream: [UInt8] = [0x78, 0x01], rest = pixels[...]
        // Stored blocks (RFC 1951, 3.2.4).
        while let block = Optional(rest.prefix(65_535)), !block.isEmpty {
            rest = rest.dropFirst(block.count)
            let length = [UInt8(block.count & 255), UInt8(block.count >> 8)]
            stream += [rest.isEmpty ? 1 : 0] + length + length.map { ~$0 } + block
        }
        stream += bigEndian((pixels.count % 65_521) << 16 | 1)  // Adler-32 of zeros
        func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
            let body = Array(type.utf8) + data
            return bigEndian(data.count) + body + bigEndian(Int(crc32(body[...])))
        }
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", bigEndian(8) + bigEndian(8) + [8, 2, 0, 0, interlaced ? 1 : 0])
            + chunk("IDAT", stream) + chunk("IEND", [])
    }

    /// A few hundred bytes whose header claims any size.
    package static func jpegBomb(width: Int = 30_000, height: Int = 30_000) -> [UInt8] {
        var file = Canvas(width: 8, height: 8).jpeg()
        let frame = file.indices.first { file[$0] == 0xFF && file[$0 + 1] == 0xC0 }!
        file.replaceSubrange(frame + 5..<frame + 9, with: bigEndian(height).suffix(2) + bigEndian(width).suffix(2))
        return file
    }

    /// A small progressive JPEG with thousands of scans: its first one over and over.
    package static func scanBomb(scans: Int = 5_000, side: Int = 64) -> [UInt8] {
        var options = Canvas.JPEGOptions()
        options.progressive = true
        let file = TestPictures.picture(class: 0, instance: 0, side: side).jpeg(options)
        let start = file.indices.first { file[$0] == 0xFF && file[$0 + 1] == 0xDA }!
        let end = file.indices.first { $0 > start + 2 && file[$0] == 0xFF && file[$0 + 1] != 0 }!
        let scan = file[start..<end]
        return file[..<end] + (1..<scans).flatMap { _ in scan } + [0xFF, 0xD9]
    }

    /// A well-formed one-pixel GIF, whatever extension a test gives it.
    package static func gif() -> [UInt8] {
        Array("GIF89a".utf8) + [1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255, 0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3B]
    }

    private static func bigEndian(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    /// PNG specification, annex D.
    private static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ (crc >> 1) : crc >> 1 }
        }
    }
}
