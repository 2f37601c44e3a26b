// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink

/// Random variations of prepared pictures (square RGB): part of the picture, turned, mirrored, in other light. A variation
/// depends on seed, picture and view alone.
public struct Augmentation: Equatable, Sendable {
    /// Least side of the part that is kept, of the whole 1; the part lies anywhere inside.
    public var crop = 0.7
    /// Mirrored left to right half of the time.
    public var flips = true
    /// Turned by up to so many degrees either way; what was outside repeats the edge.
    public var degrees = 15.0
    /// Brightness, contrast and saturation are each changed by up to this factor up or down.
    public var colour = 0.3
    public var seed: UInt64 = 1

    public init() {}

    /// - Parameters:
    ///   - pixels: side x side x 3 bytes, RGB; replaced by the variation.
    ///   - picture: its number, the same in every run.
    ///   - view: which of its variations.
    public func apply(to pixels: UnsafeMutableBufferPointer<UInt8>, side: Int, picture: Int, view: Int) {
        precondition(pixels.count == side * side * 3, "a square picture")
        var random = SeededRandom(seed: seed, picture, view)
        let variation = Variation(self, &random)
        let source = Array(pixels)
        variation.resample(source, side: side, into: pixels)
        variation.recolour(pixels)
    }
}

/// One draw.
private struct Variation {
    /// Of the part kept: its side, and its middle's place from the picture's middle; of the whole 1.
    let scale: Double
    let middle: (x: Double, y: Double)
    let mirrored: Bool
    let radians: Double
    /// Brightness, contrast, saturation: 1 leaves the picture as it is.
    let colour: [Double]

    init(_ augmentation: Augmentation, _ random: inout SeededRandom) {
        func between(_ low: Double, _ high: Double) -> Double { low + (high - low) * random.unit() }
        scale = between(augmentation.crop, 1)
        middle = (between(-1, 1) * (1 - scale) / 2, between(-1, 1) * (1 - scale) / 2)
        mirrored = random.below(2) == 1 && augmentation.flips
        radians = between(-1, 1) * augmentation.degrees * .pi / 180
        let most = log(1 + augmentation.colour)
        colour = (0..<3).map { _ in exp(between(-most, most)) }
    }

    /// Bilinear, from where each pixel's centre comes from.
    func resample(_ source: [UInt8], side: Int, into target: UnsafeMutableBufferPointer<UInt8>) {
        let half = Double(side) / 2, cosine = cos(radians) * scale, sine = sin(radians) * scale
        for y in 0..<side {
            for x in 0..<side {
                let u = (Double(x) + 0.5 - half) * (mirrored ? -1 : 1), v = Double(y) + 0.5 - half
                let fromX = cosine * u - sine * v + half + middle.x * Double(side) - 0.5
                let fromY = sine * u + cosine * v + half + middle.y * Double(side) - 0.5
                blend(source, side: side, x: fromX, y: fromY, into: target, at: (y * side + x) * 3)
            }
        }
    }

    private func blend(
        _ source: [UInt8], side: Int, x: Double, y: Double, into target: UnsafeMutableBufferPointer<UInt8>, at start: Int
    ) {
        let left = x.rounded(.down), top = y.rounded(.down)
        func inside(_ position: Double) -> Int { Int(min(max(position, 0), Double(side - 1))) }
        let columns = [inside(left), inside(left + 1)], rows = [inside(top) * side, inside(top + 1) * side]
        let right = x - left, below = y - top
        for channel in 0..<3 {
            func value(_ row: Int, _ column: Int) -> Double { Double(source[(rows[row] + columns[column]) * 3 + channel]) }
            let upper = value(0, 0) * (1 - right) + value(0, 1) * right
            let lower = value(1, 0) * (1 - right) + value(1, 1) * right
            target[start + channel] = UInt8((upper * (1 - below) + lower * below).rounded())
        }
    }

    /// Contrast about the picture's mean grey, saturation about each pixel's grey (Rec. 601), and brightness.
    func recolour(_ pixels: UnsafeMutableBufferPointer<UInt8>) {
        func grey(_ start: Int) -> Double {
            0.299 * Double(pixels[start]) + 0.587 * Double(pixels[start + 1]) + 0.114 * Double(pixels[start + 2])
        }
        let starts = stride(from: 0, to: pixels.count, by: 3)
        let mean = starts.reduce(0) { $0 + grey($1) } / Double(pixels.count / 3)
        for start in starts {
            let own = grey(start)
            for channel in 0..<3 {
                let saturated = own + (Double(pixels[start + channel]) - own) * colour[2]
                let value = (mean + (saturated - mean) * colour[1]) * colour[0]
                pixels[start + channel] = UInt8(min(max(value, 0), 255).rounded())
            }
        }
    }
}
