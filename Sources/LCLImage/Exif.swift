// SPDX-License-Identifier: Apache-2.0

/// Finds the orientation that a file claims, in time linear in the file; damage means 1 (upright), never an error.
enum Exif {
    /// JPEG: the APP1 segment that begins with "Exif\0\0", before the first scan.
    static func orientation(inJPEG file: UnsafeRawBufferPointer) -> Int {
        let bytes = ByteReader(file, bigEndian: true)
        var position = 2
        while let marker = bytes.u16(position), marker >> 8 == 0xFF, marker != 0xFFDA {
            if marker == 0xFFFF { position += 1; continue }
            guard let length = bytes.u16(position + 2), length >= 2 else { return 1 }
            let end = position + 2 + length
            if marker == 0xFFE1, length >= 16, end <= file.count, bytes.u32(position + 4) == 0x4578_6966, bytes.u16(position + 8) == 0 {
                return orientation(inTIFF: UnsafeRawBufferPointer(rebasing: file[(position + 10)..<end]))
            }
            position = end
        }
        return 1
    }

    /// PNG: the eXIf chunk.
    static func orientation(inPNG file: UnsafeRawBufferPointer) -> Int {
        let bytes = ByteReader(file, bigEndian: true)
        var position = 8
        while let length = bytes.u32(position), let type = bytes.u32(position + 4) {
            let end = position + 8 + length
            guard end <= file.count else { return 1 }
            if type == 0x6558_4966 { return orientation(inTIFF: UnsafeRawBufferPointer(rebasing: file[(position + 8)..<end])) }
            position = end + 4
        }
        return 1
    }

    /// TIFF 6.0, section 2: header, then the entries of the first directory.
    private static func orientation(inTIFF tiff: UnsafeRawBufferPointer) -> Int {
        let order = ByteReader(tiff, bigEndian: true).u16(0)
        guard order == 0x4949 || order == 0x4D4D else { return 1 }
        let bytes = ByteReader(tiff, bigEndian: order == 0x4D4D)
        guard bytes.u16(2) == 42, let directory = bytes.u32(4), let count = bytes.u16(directory) else { return 1 }
        for entry in 0..<count {
            let at = directory + 2 + entry * 12
            guard let tag = bytes.u16(at) else { return 1 }
            guard tag == 0x0112 else { continue }
            guard bytes.u16(at + 2) == 3, let value = bytes.u16(at + 8), (1...8).contains(value) else { return 1 }
            return value
        }
        return 1
    }
}

/// Numbers at any offset of a file, or `nil` past its end.
private struct ByteReader {
    let bytes: UnsafeRawBufferPointer
    let bigEndian: Bool

    init(_ bytes: UnsafeRawBufferPointer, bigEndian: Bool) {
        self.bytes = bytes
        self.bigEndian = bigEndian
    }

    func u16(_ at: Int) -> Int? {
        guard at >= 0, at + 2 <= bytes.count else { return nil }
        let value = bytes.loadUnaligned(fromByteOffset: at, as: UInt16.self)
        return Int(bigEndian ? UInt16(bigEndian: value) : UInt16(littleEndian: value))
    }

    func u32(_ at: Int) -> Int? {
        guard at >= 0, at + 4 <= bytes.count else { return nil }
        let value = bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)
        return Int(bigEndian ? UInt32(bigEndian: value) : UInt32(littleEndian: value))
    }
}
