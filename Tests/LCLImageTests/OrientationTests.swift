// SPDX-License-Identifier: Apache-2.0
import LCLImage
import TestPictures
import Testing

struct OrientationTests {
    /// Odd sizes, so that the centre crop has a pixel left over on one side.
    private let upright: Canvas = {
        let square = TestPictures.picture(class: 6, instance: 2, side: 141)
        var canvas = Canvas(width: 141, height: 90)
        for y in 0..<90 { for x in 0..<141 { canvas[x, y] = square[x, y + 20] } }
        return canvas
    }()

    @Test(arguments: 1...8)
    func png_isTurnedUpright(orientation: Int) throws {
        var options = Canvas.PNGOptions()
        options.orientation = orientation
        let (mean, most) = try difference(prepared(upright.stored(orientation).png(options)), prepared(upright.png()))
        // The stored rows are scaled first: another order of roundings where the axes are swapped, none otherwise.
        #expect(mean <= (orientation < 5 ? 0.02 : 0.4) && most <= 1, "mean \(mean), most \(most)")
    }

    @Test(arguments: 1...8)
    func jpeg_isTurnedUpright(orientation: Int) throws {
        var options = Canvas.JPEGOptions()
        options.fullChroma = true
        options.quality = 95
        options.orientation = orientation
        let (mean, _) = try difference(prepared(upright.stored(orientation).jpeg(options)), prepared(upright.png()))
        #expect(mean < 2.5, "mean \(mean)")
    }

    @Test(arguments: [0, 9, 255])
    func nonsense_isUpright(orientation: Int) throws {
        var options = Canvas.PNGOptions()
        options.orientation = orientation
        #expect(try prepared(upright.png(options)) == prepared(upright.png()))
    }

    /// What a camera held that way stores: EXIF's table of where row 0 and column 0 lie.
}

extension Canvas {
    /// This picture as a file of that orientation stores it.
    func stored(_ orientation: Int) -> Canvas {
        let w = width, h = height
        var canvas = orientation < 5 ? Canvas(width: w, height: h) : Canvas(width: h, height: w)
        for y in 0..<h {
            for x in 0..<w {
                let (sx, sy) = switch orientation {
                case 2: (w - 1 - x, y)
                case 3: (w - 1 - x, h - 1 - y)
                case 4: (x, h - 1 - y)
                case 5: (y, x)
                case 6: (y, w - 1 - x)
                case 7: (h - 1 - y, w - 1 - x)
                case 8: (h - 1 - y, x)
                default: (x, y)
                }
                canvas[sx, sy] = self[x, y]
            }
        }
        return canvas
    }
}
