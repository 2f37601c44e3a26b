// SPDX-License-Identifier: Apache-2.0

/// Turns picture files into a network's input: decode, orient, scale so that the short side is `side` (antialiased
/// bicubic, Pillow's arithmetic), and crop the centre `side` x `side`.
///
/// It keeps its buffers from picture to picture. One reader belongs to one thread at a time.
public final class PictureReader {
    /// Of the prepared picture, in pixels.
    public let side: Int
    public let limits: ImageLimits

    public init(side: Int = 224, limits: ImageLimits = ImageLimits()) {
        self.side = side
        self.limits = limits
    }

    /// Bytes of one prepared picture: side x side x 3.
    public var preparedCount: Int { side * side * 3 }

    /// Prepares one JPEG or PNG file, told apart by content.
    /// - Parameters:
    ///   - file: the whole file.
    ///   - pixels: receives side x side x 3 bytes: rows from the top, RGB interleaved. Undefined after a throw.
    /// - Throws: ``ImageError``; the reader stays usable.
    public func prepare(_ file: UnsafeRawBufferPointer, into pixels: UnsafeMutableBufferPointer<UInt8>) throws(ImageError) {
        precondition(pixels.count == preparedCount, "room for one prepared picture")
        fatalError("not written yet")
    }
}
