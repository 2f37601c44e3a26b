// SPDX-License-Identifier: Apache-2.0
import LCLImage
import TestPictures
import Testing

struct FormatTests {
    private let canvas = TestPictures.picture(class: 5, instance: 1, side: 150)

    @Test(arguments: Canvas.PNGOptions.Colour.allCases, [false, true])
    func interlacedPNG_isTheSamePicture(colour: Canvas.PNGOptions.Colour, sixteenBit: Bool) throws {
        var options = Canvas.PNGOptions()
        options.colour = colour
        options.sixteenBit = sixteenBit
        let plain = try prepared(canvas.png(options))
        options.interlaced = true
        #expect(try prepared(canvas.png(options)) == plain)
    }

    @Test func opaqueRGBAAndSixteenBitPNG_areTheSamePictureAsRGB() throws {
        let plain = try prepared(canvas.png())
        var options = Canvas.PNGOptions()
        options.sixteenBit = true
        #expect(try prepared(canvas.png(options)) == plain)
        options.colour = .rgba
        #expect(try prepared(canvas.png(options)) == plain)
    }

    @Test(arguments: [Canvas.PNGOptions.Colour.rgba, .greyAlpha, .palette])
    func transparentPNG_isWhite_whateverLiesUnderneath(colour: Canvas.PNGOptions.Colour) throws {
        var options = Canvas.PNGOptions()
        options.colour = colour
        let clear = Canvas(width: 40, height: 30, red: 200, green: 10, blue: 10, alpha: 0)
        #expect(try prepared(clear.png(options)).allSatisfy { $0 == 255 })
    }

    @Test func halfTransparentBlack_isMiddleGrey() throws {
        var options = Canvas.PNGOptions()
        options.colour = .rgba
        let grey = Canvas(width: 9, height: 9, red: 0, green: 0, blue: 0, alpha: 128)
        #expect(try prepared(grey.png(options)).allSatisfy { $0 == 127 })
    }

    @Test(arguments: Canvas.JPEGOptions.Colour.allCases, [false, true])
    func jpegOfEveryColour_isCloseToThePNG(colour: Canvas.JPEGOptions.Colour, progressive: Bool) throws {
        var jpeg = Canvas.JPEGOptions(), png = Canvas.PNGOptions()
        jpeg.quality = 95
        jpeg.fullChroma = true
        jpeg.progressive = progressive
        jpeg.colour = colour
        if colour == .grey { png.colour = .grey }
        let (mean, _) = try difference(prepared(canvas.jpeg(jpeg)), prepared(canvas.png(png)))
        #expect(mean < 2.5, "mean \(mean)")
    }

    @Test(arguments: [(1, 1), (1, 64), (64, 1), (3, 2), (223, 1000), (449, 448), (1, 2)])
    func anySize_keepsAUniformColour(width: Int, height: Int) throws {
        let canvas = Canvas(width: width, height: height, red: 40, green: 120, blue: 200)
        let pixels = try prepared(canvas.png(), side: 224)
        #expect(pixels == (0..<224 * 224).flatMap { _ in [40, 120, 200] as [UInt8] })
    }

    @Test func reader_givesTheSame_whateverItReadBefore() throws {
        let reader = PictureReader(side: 64)
        let files = [canvas.jpeg(), Canvas(width: 3, height: 190).png(), SpoiledPicture.truncated(canvas.png(), to: 0.6), canvas.png()]
        for file in files { _ = try? reader.prepared(file) }
        #expect(try reader.prepared(files[0]) == prepared(files[0]))
    }

    @Test func info_readsTheHeaderAlone() throws {
        var options = Canvas.JPEGOptions()
        options.orientation = 6
        let file = Canvas(width: 30, height: 20).jpeg(options)
        // Enough for the header, too little for the picture.
        let info = try file[..<(file.count - 4)].withUnsafeBytes { try ImageInfo.read($0) }
        #expect(info.format == .jpeg && info.width == 30 && info.height == 20 && info.orientation == 6)
    }
}
