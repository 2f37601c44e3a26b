// SPDX-License-Identifier: Apache-2.0

/// What part of a picture, with what bars around it, is scaled to what size: of the upright picture, in pixels.
struct Framing {
    /// Bars before and after each axis.
    struct Bars: Equatable {
        var before = 0, after = 0
    }

    var size: (width: Int, height: Int)
    var bars: (x: Bars, y: Bars) = (Bars(), Bars())
    var colour = SIMD3<UInt8>()
    /// Of the whole, bars included, after scaling.
    var scaled: (width: Int, height: Int)
    /// The part of that which is wanted.
    var window: (x: Range<Int>, y: Range<Int>)

    /// The whole picture.
    init(_ size: (width: Int, height: Int), to scaled: (width: Int, height: Int)) {
        (self.size, self.scaled, window) = (size, scaled, (0..<scaled.width, 0..<scaled.height))
    }

    /// Width and height with the bars.
    var barred: (width: Int, height: Int) { (size.width + bars.x.before + bars.x.after, size.height + bars.y.before + bars.y.after) }

    /// The short side becomes `side`, the centre is kept; fractions are dropped, as transformers' CLIP does.
    static func crop(_ size: (width: Int, height: Int), side: Int) -> Framing {
        let short = min(size.width, size.height)
        var framing = Framing(size, to: (size.width * side / short, size.height * side / short))
        func centre(_ length: Int) -> Range<Int> { (length - side) / 2..<(length - side) / 2 + side }
        framing.window = (centre(framing.scaled.width), centre(framing.scaled.height))
        return framing
    }

    /// Bars make it a square, which becomes `side`.
    static func pad(_ size: (width: Int, height: Int), side: Int, _ colour: SIMD3<UInt8>) -> Framing {
        let long = max(size.width, size.height)
        var framing = Framing(size, to: (side, side))
        func bars(_ length: Int) -> Bars { Bars(before: (long - length) / 2, after: long - length - (long - length) / 2) }
        (framing.bars, framing.colour) = ((bars(size.width), bars(size.height)), colour)
        return framing
    }

    /// Idefics3's: the long side becomes `longest`, the other keeps the proportion and is made even.
    static func longest(_ size: (width: Int, height: Int), _ longest: Int) -> (width: Int, height: Int) {
        let aspect = Double(size.width) / Double(size.height)
        func even(_ length: Double) -> Int { max(1, Int(length) + Int(length) % 2) }
        return size.width >= size.height ? (longest, even(Double(longest) / aspect)) : (even(Double(longest) * aspect), longest)
    }

    /// Idefics3's: each side rounded up to whole tiles.
    static func tiled(_ width: Int, _ height: Int, side: Int) -> (width: Int, height: Int) {
        func up(_ length: Int) -> Int { max(1, (length + side - 1) / side) * side }
        let aspect = Double(width) / Double(height)
        if width >= height { return (up(width), up(Int(Double(up(width)) / aspect))) }
        return (up(Int(Double(up(height)) * aspect)), up(height))
    }

    /// The same for the picture as it is stored.
    func stored(_ orientation: Orientation) -> Framing {
        var result = self
        if orientation.mirrorsX { Self.mirror(&result.bars.x, &result.window.x, scaled.width) }
        if orientation.mirrorsY { Self.mirror(&result.bars.y, &result.window.y, scaled.height) }
        guard orientation.swapsAxes else { return result }
        result.size = (size.height, size.width)
        result.scaled = (scaled.height, scaled.width)
        result.bars = (result.bars.y, result.bars.x)
        result.window = (result.window.y, result.window.x)
        return result
    }

    private static func mirror(_ bars: inout Bars, _ window: inout Range<Int>, _ scaled: Int) {
        bars = Bars(before: bars.after, after: bars.before)
        window = scaled - window.upperBound..<scaled - window.lowerBound
    }
}
