// SPDX-License-Identifier: Apache-2.0

extension ImageFormat {
    private static let signatures: [(ImageFormat, [UInt8])] = [
        (.jpeg, [0xFF, 0xD8, 0xFF]),
        (.png, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]),
    ]

    /// The format of a file by its first bytes, never by its name.
    /// - Throws: ``ImageError`` `empty`, `unsupported`, or `truncated` where the file ends inside a signature.
    static func recognise(_ file: UnsafeRawBufferPointer) throws(ImageError) -> ImageFormat {
        if file.isEmpty { throw .empty }
        for (format, signature) in signatures where file.starts(with: signature) { return format }
        for (format, signature) in signatures where file.count > 1 && signature.starts(with: file) {
            throw .truncated(format, detail: "only \(file.count) bytes")
        }
        throw .unsupported(found: describe(file))
    }

    private static let others: [(offset: Int, magic: String, name: String)] = [
        (0, "GIF8", "a GIF picture"),
        (8, "WEBP", "a WebP picture"),
        (0, "BM", "a BMP picture"),
        (0, "II*\0", "a TIFF picture"),
        (0, "MM\0*", "a TIFF picture"),
        (4, "ftypavif", "an AVIF picture"),
        (4, "ftyphei", "a HEIF picture"),
        (4, "ftypmif1", "a HEIF picture"),
        (4, "ftyp", "an MP4 or QuickTime video"),
        (4, "JXL ", "a JPEG XL picture"),
        (4, "jP  ", "a JPEG 2000 picture"),
        (0, "qoif", "a QOI picture"),
        (0, "8BPS", "a Photoshop document"),
        (0, "%PDF", "a PDF document"),
        (0, "%!PS", "a PostScript document"),
        (0, "PK\u{3}\u{4}", "a ZIP archive"),
        (0, "<svg", "an SVG drawing"),
        (0, "\0\0\u{1}\0", "a Windows icon"),
        (0, "\u{1F}", "a compressed archive"),
    ]

    /// What a file that is no picture of ours looks like, for the error's text.
    private static func describe(_ file: UnsafeRawBufferPointer) -> String {
        for (offset, magic, name) in others where file.dropFirst(offset).starts(with: magic.utf8) { return name }
        if file.starts(with: [0xFF, 0x0A]) { return "a JPEG XL picture" }
        let start = file.prefix(512)
        if start.contains(where: { $0 < 9 || (14...31).contains($0) || $0 >= 0x80 }) { return "of an unknown format" }
        let text = String(decoding: start, as: UTF8.self).lowercased()
        if text.contains("<svg") { return "an SVG drawing" }
        return text.contains("<html") || text.contains("<!doctype") ? "a web page" : "text"
    }
}
