// SPDX-License-Identifier: Apache-2.0
import LCLImage

/// The prepared picture of a whole file, side x side x 3.
func prepared(_ file: [UInt8], side: Int = 64, limits: ImageLimits = ImageLimits()) throws -> [UInt8] {
    try PictureReader(side: side, limits: limits).prepared(file)
}

/// What preparing a file throws, or `nil` if it does not.
func failure(_ file: [UInt8], limits: ImageLimits = ImageLimits()) -> ImageError? {
    do {
        _ = try prepared(file, side: 32, limits: limits)
        return nil
    } catch { return error as? ImageError }
}

extension PictureReader {
    func prepared(_ file: [UInt8]) throws -> [UInt8] {
        var pixels = [UInt8](repeating: 0, count: preparedCount)
        try pixels.withUnsafeMutableBufferPointer { target in
            try file.withUnsafeBytes { try prepare($0, into: target) }
        }
        return pixels
    }
}

/// Mean and largest absolute difference, in levels of 255.
func difference(_ a: [UInt8], _ b: [UInt8]) -> (mean: Double, most: Int) {
    precondition(a.count == b.count)
    let each = zip(a, b).map { abs(Int($0) - Int($1)) }
    return (Double(each.reduce(0, +)) / Double(a.count), each.max() ?? 0)
}
