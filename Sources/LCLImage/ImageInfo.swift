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
        fatalError("not written yet")
    }
}
