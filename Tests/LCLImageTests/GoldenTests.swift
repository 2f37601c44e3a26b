// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLImage
import Testing

/// Against Pillow's decoder, `draft()` and bicubic resize: see Goldens/make.py.
struct GoldenTests {
    @Test(arguments: [
        "full.jpg", "full444.jpg", "half.jpg", "quarter.jpg", "eighth.jpg", "grey.jpg", "cmyk.jpg", "turned.jpg", "wide.jpg",
        "tiny.jpg", "one.jpg",
    ])
    func jpeg_looksAsInPillow(name: String) throws {
        let (mean, most) = try difference(prepared(golden(name)), golden(rgb(name)))
        #expect(mean <= 0.5 && most <= 8, "mean \(mean), most \(most)")
    }

    @Test(arguments: ["rgb.png", "alpha.png", "greyalpha.png", "palette.png", "sixteen.png", "bilevel.png"])
    func png_looksAsInPillow(name: String) throws {
        let (mean, most) = try difference(prepared(golden(name)), golden(rgb(name)))
        #expect(mean <= 0.1 && most <= 2, "mean \(mean), most \(most)")
    }

    private func rgb(_ name: String) -> String { name.prefix { $0 != "." } + ".rgb" }

    private func golden(_ name: String) throws -> [UInt8] {
        let folder = try #require(Bundle.module.url(forResource: "Goldens", withExtension: nil))
        return try [UInt8](Data(contentsOf: folder.appending(path: name)))
    }
}
