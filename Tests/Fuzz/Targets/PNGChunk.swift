// SPDX-License-Identifier: Apache-2.0

/// PNG's chunks: length, type, content and a CRC-32 of the last two. PNG specification, 5.3.
package enum PNGChunk {
    static func bytes(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let body = Array(type.utf8) + content
        return bigEndian(UInt32(content.count)) + body + bigEndian(crc(body))
    }

    /// Puts every chunk's checksum right, so that a change inside reaches what lies behind the checksum.
    package static func repair(_ file: UnsafeMutableBufferPointer<UInt8>) {
        var position = 8
        while position + 12 <= file.count {
            let length = file[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            guard length <= file.count - position - 12 else { return }
            let end = position + 8 + length
            for (i, byte) in bigEndian(crc(file[position + 4..<end])).enumerated() { file[end + i] = byte }
            position = end + 4
        }
    }

    private static let table: [UInt32] = (0..<256).map { n in
        (0..<8).reduce(UInt32(n)) { c, _ in c & 1 == 1 ? 0xEDB8_8320 ^ (c >> 1) : c >> 1 }
    }

    private static func crc(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~0) { table[Int(($0 ^ UInt32($1)) & 255)] ^ ($0 >> 8) }
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
}
