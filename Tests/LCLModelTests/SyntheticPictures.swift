// SPDX-License-Identifier: Apache-2.0
import LCLModel

/// The pictures of Tests/Reference/synthetic_pictures.py: ramps, discs, noise.
enum SyntheticPictures {
    static let side = EfficientNetLite0.inputSize

    /// 3 x 224 x 224 x 3 bytes.
    static let pixels: [UInt8] = [ramps, discs, noise].flatMap { picture in
        (0..<side * side * 3).map { i in UInt8(picture(i / 3 % side, i / 3 / side, i % 3)) }
    }

    private static func ramps(x: Int, y: Int, c: Int) -> Int { (x * (c + 1) + y * (3 - c)) / 2 % 256 }

    private static func discs(x: Int, y: Int, c: Int) -> Int {
        let dx = x % 75 - 37, dy = y % 75 - 37
        return dx * dx + dy * dy < 900 ? 40 + 90 * c : 230 - 60 * c
    }

    private static func noise(x: Int, y: Int, c: Int) -> Int { ((x * 73_856_093 + y * 19_349_663 + c * 83_492_791) >> 7) % 256 }
}
