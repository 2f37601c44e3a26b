// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// A picture filled with numbers, and its elements by coordinates; negative ones are in the border.
struct TestPicture {
    let picture: Picture

    init(width: Int, height: Int, channels: Int, border: Picture.Border = .none, _ numbers: inout Numbers) {
        let scratch = Scratch(floats: Picture.size(width: width, height: height, channels: channels, border: border))
        picture = Picture(width: width, height: height, channels: channels, border: border, in: scratch)
        for y in -border.top..<height + border.bottom {
            for x in -border.left..<width + border.right {
                for c in 0..<channels { picture.element(x, y, c).pointee = numbers.next() }
            }
        }
    }

    func clearBorder() {
        for y in -picture.border.top..<picture.height + picture.border.bottom {
            for x in -picture.border.left..<picture.width + picture.border.right
            where x < 0 || y < 0 || x >= picture.width || y >= picture.height {
                for c in 0..<picture.channels { picture.element(x, y, c).pointee = 0 }
            }
        }
    }

    subscript(x: Int, y: Int, channel: Int) -> Float { picture.element(x, y, channel).pointee }
}
