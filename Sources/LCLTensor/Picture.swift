// SPDX-License-Identifier: Apache-2.0
import CKernels

/// A picture of many channels, in planes of 8: `[channels / 8][height][width][8]`, each plane with a border of pixels around it
/// that a convolution reads as zeros.
///
/// A vector register holds one pixel of one plane, so depthwise convolutions run along rows of memory, and matrix products
/// read it as `height x width` rows. A reference to memory that its owner reuses: not `Sendable`, no copy on write.
public struct Picture {
    public let width: Int
    public let height: Int
    /// A multiple of 8.
    public let channels: Int
    public let border: Border
    let buffer: FloatBuffer

    /// Pixels around a picture.
    public struct Border: Equatable, Sendable {
        public var top = 0, bottom = 0, left = 0, right = 0

        public static let none = Border()

        public init(top: Int = 0, bottom: Int = 0, left: Int = 0, right: Int = 0) {
            (self.top, self.bottom, self.left, self.right) = (top, bottom, left, right)
        }
    }

    /// A picture over the beginning of `scratch`, whose content stays as it is.
    public init(width: Int, height: Int, channels: Int, border: Border = .none, in scratch: Scratch) {
        precondition(width > 0 && height > 0 && channels > 0 && channels % 8 == 0, "a picture of \(width) x \(height) x \(channels)")
        precondition(border.top >= 0 && border.bottom >= 0 && border.left >= 0 && border.right >= 0, "a border is not negative")
        self.width = width
        self.height = height
        self.channels = channels
        self.border = border
        buffer = scratch.buffer
        precondition(planeStride * planes <= buffer.count, "the scratch memory holds the picture")
    }

    /// Floats that a picture of this shape takes.
    public static func size(width: Int, height: Int, channels: Int, border: Border = .none) -> Int {
        planeStride(pixels: (width + border.left + border.right) * (height + border.top + border.bottom)) * (channels / 8)
    }

    var planes: Int { channels / 8 }

    var rowStride: Int { (width + border.left + border.right) * 8 }

    var planeStride: Int { Self.planeStride(pixels: (width + border.left + border.right) * (height + border.top + border.bottom)) }

    /// An odd number of cache lines, so that one pixel's planes do not all fall into the same cache set.
    private static func planeStride(pixels: Int) -> Int { ((pixels + 1) / 2 | 1) * 16 }

    /// The first plane's pixel at the left end of a row; row 0 is the first below the border.
    func row(_ y: Int) -> UnsafeMutablePointer<Float> {
        buffer.base + (y + border.top) * rowStride + border.left * 8
    }

    /// One element, for tests; coordinates below 0 and past the end are in the border.
    package func element(_ x: Int, _ y: Int, _ channel: Int) -> UnsafeMutablePointer<Float> {
        precondition((-border.left..<width + border.right).contains(x) && (-border.top..<height + border.bottom).contains(y), "(\(x), \(y))")
        precondition(channel >= 0 && channel < channels, "channel \(channel) of \(channels)")
        return row(y) + x * 8 + channel / 8 * planeStride + channel % 8
    }

    /// Zero everywhere, border included.
    public func clear() { buffer.base.update(repeating: 0, count: planeStride * planes) }

    /// Every pixel's channels: [height x width, channels].
    public func pixels() -> Matrix {
        precondition(border.left == 0 && border.right == 0, "pixels lie one behind the other")
        var pixels = Matrix(rows: height * width, columns: channels)
        let from = row(0)
        for pixel in 0..<height * width {
            pixels.withMutableRow(pixel) { channels in
                for plane in 0..<planes {
                    for lane in 0..<8 { channels[plane * 8 + lane] = from[plane * planeStride + pixel * 8 + lane] }
                }
            }
        }
        return pixels
    }

    /// Folds the pixels of rows `rows` into one value per channel: the maximum, or the sum.
    public func pool(_ pooling: Pooling, rows: Range<Int>, into vector: UnsafeMutableBufferPointer<Float>) {
        precondition(border.left == 0 && border.right == 0, "pooling reads whole rows")
        precondition(rows.lowerBound >= 0 && rows.upperBound <= height && vector.count == channels, "pooling \(rows) of \(height) rows")
        let into = vector.baseAddress!
        let isMax = pooling == .maximum
        lcl_pool(row(rows.lowerBound), rows.count * width, planes, planeStride, isMax ? into : nil, isMax ? nil : into)
    }

    /// The same with every pixel times its weight: [height x width].
    public func pool(_ pooling: Pooling, weights: some Collection<Float>, into vector: UnsafeMutableBufferPointer<Float>) {
        precondition(border.left == 0 && border.right == 0, "pooling reads whole rows")
        precondition(weights.count == height * width && vector.count == channels, "a weight a pixel")
        let from = row(0)
        for (pixel, weight) in weights.enumerated() {
            for plane in 0..<planes {
                for lane in 0..<8 {
                    let value = weight * from[plane * planeStride + pixel * 8 + lane], channel = plane * 8 + lane
                    vector[channel] = pooling == .maximum ? max(vector[channel], value) : vector[channel] + value
                }
            }
        }
    }

    public enum Pooling: Sendable {
        case maximum
        case sum

        /// What folding starts from.
        public var identity: Float { self == .maximum ? -.infinity : 0 }
    }
}

/// Memory that one thread uses again and again for pictures, so that nothing is allocated for each.
public struct Scratch {
    let buffer: FloatBuffer

    public init(floats: Int) { buffer = FloatBuffer(count: floats) }
}
