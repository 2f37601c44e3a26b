// SPDX-License-Identifier: Apache-2.0

public enum ImageFormat: String, Hashable, Sendable, CustomStringConvertible {
    case jpeg = "JPEG"
    case png = "PNG"

    public var description: String { rawValue }
}

/// What a picture's header says, read without decoding a pixel.
public struct ImageInfo: Hashable, Sendable {
    public let format: ImageFormat
    /// In pixels as stored, before ``orientation`` is applied.
    public let width: Int
    public let height: Int
    /// EXIF orientation, 1 (upright) to 8.
    public let orientation: Int

    /// Reads the header of a whole file.
    /// - Throws: ``ImageError`` as ``PictureReader/prepare(_:into:)`` does, for what the header can show.
    public static func read(_ file: UnsafeRawBufferPointer, limits: ImageLimits = ImageLimits()) throws(ImageError) -> ImageInfo {
        try OpenImage(file, limits: limits).info
    }
}

extension ImageLimits {
    func check(bytes count: Int) throws(ImageError) {
        guard count <= bytes else {
            throw .tooLarge(what: "a file of \(Self.megabytes(count)) of at most \(Self.megabytes(bytes))")
        }
    }

    func check(width: Int, height: Int) throws(ImageError) {
        let long = max(width, height), short = min(width, height)
        guard long <= side else {
            throw .tooLarge(what: "\(width) x \(height) pixels, a side of at most \(side)")
        }
        guard width * height <= pixels else {
            throw .tooLarge(what: "\(width) x \(height) pixels, at most \(pixels) together")
        }
        guard long <= aspect * short else {
            throw .tooLarge(what: "\(width) x \(height) pixels, one side at most \(aspect) times the other")
        }
    }

    /// "64.0 MiB", without Foundation.
    private static func megabytes(_ count: Int) -> String {
        let tenths = (count * 10 + (1 << 19)) >> 20
        return "\(tenths / 10).\(tenths % 10) MiB"
    }
}
