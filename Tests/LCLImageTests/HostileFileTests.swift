// SPDX-License-Identifier: Apache-2.0
import LCLImage
import TestPictures
import Testing

struct HostileFileTests {
    static let corpus: [[UInt8]] = {
        let canvas = TestPictures.picture(class: 3, instance: 0, side: 48)
        var progressive = Canvas.JPEGOptions(), cmyk = progressive, interlaced = Canvas.PNGOptions(), palette = interlaced
        progressive.progressive = true
        progressive.orientation = 5
        cmyk.colour = .ycck
        interlaced.interlaced = true
        interlaced.colour = .rgba
        interlaced.orientation = 3
        palette.colour = .palette
        return [
            canvas.jpeg(), canvas.jpeg(progressive), canvas.jpeg(cmyk), canvas.png(), canvas.png(interlaced), canvas.png(palette),
        ]
    }()

    @Test func emptyFile_isEmpty() {
        #expect(failure([]) == .empty)
    }

    @Test(arguments: 0..<6)
    func everyPrefix_isTruncated(index: Int) {
        let file = Self.corpus[index]
        for count in 2..<file.count where count < 700 || count % 7 == 0 || count > file.count - 20 {
            #expect(failure(Array(file[..<count]))?.kind == .truncated, "\(count) of \(file.count) bytes")
        }
    }

    @Test(arguments: [
        (SpoiledPicture.gif(), "GIF"), (Array("RIFF\u{10}\0\0\0WEBPVP8 ".utf8), "WebP"), (Array("BM......".utf8), "BMP"),
        (Array("\0\0\0\u{20}ftypheic".utf8), "HEIF"), (Array("just a note\n".utf8), "text"), (Array("<!DOCTYPE html><p>".utf8), "web page"),
        (Array("<?xml version='1.0'?><svg/>".utf8), "SVG"), ([0x80, 0, 1, 2], "unknown"), ([0], "unknown"),
    ])
    func otherFormat_isUnsupported_andNamed(file: [UInt8], name: String) {
        let error = failure(file)
        #expect(error?.kind == .unsupported && "\(error!)".contains(name), "\(String(describing: error))")
    }

    @Test(arguments: [SpoiledPicture.pngBomb(), SpoiledPicture.jpegBomb(), SpoiledPicture.pngBomb(width: 10_000, height: 6_000),
        SpoiledPicture.pngBomb(width: 6_500, height: 100), SpoiledPicture.jpegBomb(width: 100, height: 6_500)])
    func sizeBomb_isTooLarge_andTheTextSaysHowLarge(file: [UInt8]) {
        let error = failure(file)
        #expect(error?.kind == .tooLarge && "\(error!)".contains(" x "), "\(String(describing: error))")
    }

    /// Inflated, it could be a thousand times as long.
    @Test(arguments: [false, true]) func imageDataWithoutEnd_isCorrupt_andNotRead(interlaced: Bool) {
        for bytes in [0, 10, 50_000] { #expect(failure(SpoiledPicture.pngWithMore(bytes, interlaced: interlaced)) == nil) }
        let error = failure(SpoiledPicture.pngWithMore(200_000, interlaced: interlaced))
        #expect(error?.kind == .corrupt && "\(error!)".contains("more image data"), "\(String(describing: error))")
    }

    @Test func sizeWithinTheLimits_isOnlyTruncatedOrCorrupt() {
        let kinds = [SpoiledPicture.pngBomb(width: 7_000, height: 7_000), SpoiledPicture.jpegBomb(width: 7_000, height: 7_000)]
            .map { failure($0)?.kind }
        #expect(kinds == [.corrupt, .corrupt])
    }

    @Test func scanBomb_isTooLarge() {
        #expect(failure(SpoiledPicture.scanBomb(scans: 40)) == nil)
        #expect(failure(SpoiledPicture.scanBomb())?.kind == .tooLarge)
    }

    @Test func limits_areConfigurable() {
        let file = TestPictures.picture(class: 0, instance: 0, side: 100).png()
        for change in [
            { (l: inout ImageLimits) in l.bytes = 100 }, { $0.side = 99 }, { $0.pixels = 9_999 }, { $0.aspect = 0 },
        ] {
            var limits = ImageLimits()
            change(&limits)
            #expect(failure(file, limits: limits)?.kind == .tooLarge)
        }
    }

    @Test func damagedChunk_isCorrupt() {
        var file = Self.corpus[3]
        file[file.count / 2] ^= 0x10
        #expect(failure(file)?.kind == .corrupt)
    }

    /// Whatever the damage: a picture or an error, never a crash. Sizes stay small, so that it is quick.
    @Test(arguments: 0..<6)
    func flippedBytes_neverCrash(index: Int) throws {
        var limits = ImageLimits()
        limits.pixels = 1_000_000
        let reader = PictureReader(side: 16, limits: limits)
        var failures = 0
        for seed in 0..<2_000 {
            let file = SpoiledPicture.flipped(Self.corpus[index], count: 1 + seed % 8, seed: UInt64(seed))
            do { _ = try reader.prepared(file) } catch is ImageError { failures += 1 }
        }
        #expect(failures > 0)
        _ = try reader.prepared(Self.corpus[index])
    }
}
