// SPDX-License-Identifier: Apache-2.0

/// Turns picture files into a network's input: decode, orient, scale so that the short side is `side` (antialiased
/// bicubic, Pillow's arithmetic), and crop the centre `side` x `side`.
///
/// It keeps its buffers from picture to picture, and holds no whole picture unless the file is interlaced or progressive.
/// One reader belongs to one thread at a time.
public final class PictureReader {
    /// Of the prepared picture, in pixels.
    public let side: Int
    public let limits: ImageLimits

    private let resampler = Resampler()
    private let rows = GrowingBuffer<UInt8>()
    /// side x side x 3, for pictures that must be turned.
    private let stored: UnsafeMutableBufferPointer<UInt8>

    public init(side: Int = 224, limits: ImageLimits = ImageLimits()) {
        precondition(side > 0 && side <= 4096, "a network's input side")
        self.side = side
        self.limits = limits
        stored = .allocate(capacity: side * side * 3)
    }

    deinit { stored.deallocate() }

    /// Bytes of one prepared picture: side x side x 3.
    public var preparedCount: Int { side * side * 3 }

    /// Prepares one JPEG or PNG file, told apart by content.
    /// - Parameters:
    ///   - file: the whole file.
    ///   - pixels: receives side x side x 3 bytes: rows from the top, RGB interleaved. Undefined after a throw.
    /// - Throws: ``ImageError``; the reader stays usable.
    public func prepare(_ file: UnsafeRawBufferPointer, into pixels: UnsafeMutableBufferPointer<UInt8>) throws(ImageError) {
        precondition(pixels.count == preparedCount, "room for one prepared picture")
        let image = try OpenImage(file, limits: limits)
        let info = image.info, orientation = Orientation(exif: info.orientation)
        try image.start(eighths: info.format == .jpeg ? eighths(info) : 8)

        let size = image.decodedSize
        let scaled = scaledSize(size)
        resampler.begin(
            width: size.width, height: size.height, scaledWidth: scaled.width, scaledHeight: scaled.height,
            x: window(in: scaled.width, mirrored: orientation.mirrorsStoredX),
            y: window(in: scaled.height, mirrored: orientation.mirrorsStoredY))
        let upright = info.orientation == 1
        let target = upright ? pixels.baseAddress! : stored.baseAddress!
        try resample(image, size, into: target)
        if !upright { orientation.turn(target, into: pixels.baseAddress!, side: side) }
    }

    private func resample(
        _ image: OpenImage, _ size: (width: Int, height: Int), into target: UnsafeMutablePointer<UInt8>
    ) throws(ImageError) {
        let stride = size.width * 4, atOnce = 16
        rows.reserve(stride * atOnce)
        var row = 0
        while row < size.height {
            let count = try image.read(rows.base, count: min(atOnce, size.height - row))
            for i in 0..<count { resampler.push(rows.base + i * stride, into: target) }
            row += count
        }
        try image.finish()
    }

    /// The smallest of 1/8, 1/4, 1/2, 1/1 that leaves the short side at least twice as long as the network's input.
    private func eighths(_ info: ImageInfo) -> Int {
        let room = min(info.width, info.height) / (2 * side)
        return [1, 2, 4].first { room >= 8 / $0 } ?? 8
    }

    /// The size of the whole picture once its short side is `side`; halves are rounded up.
    private func scaledSize(_ size: (width: Int, height: Int)) -> (width: Int, height: Int) {
        let short = min(size.width, size.height)
        func scaled(_ length: Int) -> Int { (2 * length * side + short) / (2 * short) }
        return (scaled(size.width), scaled(size.height))
    }

    /// The centre of a scaled axis, as it lies in the stored frame: an odd pixel is left over on the upright far side.
    private func window(in length: Int, mirrored: Bool) -> Range<Int> {
        let spare = length - side
        let start = mirrored ? spare - spare / 2 : spare / 2
        return start..<start + side
    }
}
