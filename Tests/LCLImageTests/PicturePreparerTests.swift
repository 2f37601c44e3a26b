// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLImage
import LCLTensor
import TestPictures
import Testing

/// Against transformers' processors on Pillow, byte for byte: see Tests/Reference/vision_pictures.py.
struct PicturePreparerTests {
    static let names = ["wide", "tall", "tiny", "exact", "odd", "grey", "alpha"]
    static let fits: [(kind: String, fit: PictureInput.Fit, filter: PictureInput.Filter)] = [
        ("crop", .crop, .bicubic), ("pad", .pad(SIMD3(122, 116, 104)), .bicubic), ("whole", .tiles(longest: 60, split: false), .lanczos),
        ("split", .tiles(longest: 60, split: true), .lanczos),
    ]

    private func golden(_ name: String) throws -> [UInt8] {
        let folder = try #require(Bundle.module.url(forResource: "Goldens", withExtension: nil))
        return try [UInt8](Data(contentsOf: folder.appending(path: name)))
    }

    private func prepared(_ file: [UInt8], _ fit: PictureInput.Fit, _ filter: PictureInput.Filter) throws -> PreparedPicture {
        let input = PictureInput(side: 24, fit: fit, filter: filter, mean: .zero, deviation: .one)
        return try file.withUnsafeBytes { try PicturePreparer(input).prepare($0) }
    }

    @Test(arguments: names, 0..<fits.count) func squares_areTheBytesOfTransformers(_ name: String, _ index: Int) throws {
        let (kind, fit, filter) = Self.fits[index]
        let found = try prepared(golden("vision-\(name).png"), fit, filter)
        #expect(found.squares.flatMap { $0 } == (try golden("vision-\(name).\(kind)")))
    }

    @Test func tiles_areCountedByRowsAndColumns() throws {
        let wide = try prepared(golden("vision-wide.png"), .tiles(longest: 60, split: true), .lanczos)
        #expect(wide.rows == 2 && wide.columns == 3)
        let whole = try prepared(golden("vision-wide.png"), .tiles(longest: 60, split: false), .lanczos)
        #expect(whole.rows == 0 && whole.columns == 0)
    }

    @Test(arguments: 1...8, fits.indices) func picture_isTurnedUpright_beforeItIsFramed(_ orientation: Int, _ index: Int) throws {
        let (_, fit, filter) = Self.fits[index]
        var upright = Canvas(width: 53, height: 38)
        let picture = TestPictures.picture(class: 6, instance: 2, side: 53)
        for y in 0..<38 { for x in 0..<53 { upright[x, y] = picture[x, y] } }
        var options = Canvas.PNGOptions()
        options.orientation = orientation
        let found = try prepared(upright.stored(orientation).png(options), fit, filter), expected = try prepared(upright.png(), fit, filter)
        #expect(found.rows == expected.rows && found.columns == expected.columns)
        for (a, b) in zip(found.squares, expected.squares) {
            // A mirrored row is summed from its other end, which may round otherwise.
            let (mean, most) = difference(a, b)
            #expect(mean < (orientation == 1 ? 0.001 : 0.02) && most <= 2, "mean \(mean), most \(most)")
        }
    }

    @Test(arguments: [0, 1, 200]) func preparer_staysUsable_afterADamagedFile(_ length: Int) throws {
        let file = try golden("vision-wide.png"), input = PictureInput(side: 24, fit: .pad(.zero), mean: .zero, deviation: .one)
        let preparer = PicturePreparer(input), whole = try file.withUnsafeBytes { try preparer.prepare($0) }
        #expect(throws: ImageError.self) { try file.prefix(length).withUnsafeBytes { _ = try preparer.prepare($0) } }
        #expect(try file.withUnsafeBytes { try preparer.prepare($0) } == whole)
    }

    @Test func neutralPicture_isTheMean() {
        let input = PictureInput(side: 2, fit: .crop, mean: SIMD3(0.5, 0.25, 1), deviation: .one)
        #expect(PreparedPicture.neutral(input).squares == [[127, 63, 255, 127, 63, 255, 127, 63, 255, 127, 63, 255]])
        #expect(abs(input.levels[2][255]) < 1e-6 && abs(input.levels[0][255] - 0.5) < 1e-6)
    }
}
