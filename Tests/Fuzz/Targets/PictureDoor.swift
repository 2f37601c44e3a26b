// SPDX-License-Identifier: Apache-2.0
import LCLImage
import LCLTensor

/// The whole path from a file's bytes to the network's input, with limits that keep one input cheap.
///
/// A picture that is accepted is read again by a fresh reader into other memory: both must be equal, or some pixel was never
/// written, or an earlier picture shows through.
final class PictureDoor: FuzzDoor {
    /// By the length of the file: large enough for scaled decoding to happen with small files, and the network's own.
    private static let sides = [32, 224, 8, 61]
    private let readers = sides.map { PictureReader(side: $0, limits: limits) }
    private static let fits: [PictureInput.Fit] = [.stretch, .crop, .pad(SIMD3(1, 2, 3)), .tiles(longest: 64, split: false), .tiles(longest: 96, split: true)]

    private static var limits: ImageLimits {
        var limits = ImageLimits()
        limits.pixels = 1 << 18
        limits.side = 2048
        limits.bytes = 1 << 20
        return limits
    }

    func check(_ input: [UInt8]) throws {
        let kept = readers[input.count % readers.count]
        guard let first = try unlessRefused(ImageError.self, { try prepared(input, kept, over: 0xAA) }) else { return }
        let fresh = PictureReader(side: kept.side, limits: kept.limits)
        try require(first == (try prepared(input, fresh, over: 0x55)), "a picture is the same whatever was read before")
        try checkPreparing(input)
    }

    /// What one reader takes, the other takes, whatever the network wants to see of it.
    private func checkPreparing(_ input: [UInt8]) throws {
        let filters = PictureInput.Filter.allCases
        let wanted = PictureInput(
            side: 32, fit: Self.fits[input.count / 4 % Self.fits.count], filter: filters[input.count / 20 % filters.count], mean: SIMD3(), deviation: SIMD3(1, 1, 1))
        let picture = try input.withUnsafeBytes { try PicturePreparer(wanted, limits: Self.limits).prepare($0) }
        try require(picture.squares.allSatisfy { $0.count == wanted.byteCount }, "squares of the network's size")
    }
}

/// The prepared picture of `file`, in memory that held `filler`.
func prepared(_ file: [UInt8], _ reader: PictureReader, over filler: UInt8) throws(ImageError) -> [UInt8] {
    var pixels = [UInt8](repeating: filler, count: reader.preparedCount)
    do {
        try pixels.withUnsafeMutableBufferPointer { target in
            try file.withUnsafeBytes { try reader.prepare($0, into: target) }
        }
    } catch { throw error as! ImageError }
    return pixels
}
