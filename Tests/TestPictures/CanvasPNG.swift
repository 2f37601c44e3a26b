// SPDX-License-Identifier: Apache-2.0
import CTestCodecs
import Foundation

extension Canvas {
    package struct PNGOptions: Sendable {
        package enum Colour: Sendable, CaseIterable { case rgb, rgba, grey, greyAlpha, palette }
        package var colour = Colour.rgb
        /// 16 bits a sample; a palette stays at 8.
        package var sixteenBit = false
        package var interlaced = false
        /// EXIF orientation 1 to 8 to claim in an eXIf chunk; `nil` writes none.
        package var orientation: Int?

        package init() {}
    }

    /// The bytes of a PNG file; with `.palette` the colours are quantised to 6 x 6 x 6, and pixels more than half
    /// transparent become wholly so.
    package func png(_ options: PNGOptions = PNGOptions()) -> [UInt8] {
        let palette = options.colour == .palette
        var samples: [UInt8] = []
        for colour in colours { samples += Self.samples(of: colour, options.colour) }
        let wide = options.sixteenBit && !palette
        if wide { samples = samples.flatMap { [$0, $0] } }
        let colours: [UInt8] = palette ? (0..<217).flatMap { i in [i / 36, i / 6 % 6, i % 6].map { UInt8(min($0, 5) * 51) } } : []
        let alphas: [UInt8] = palette ? (0..<217).map { $0 == 216 ? 0 : 255 } : []
        let exif = options.orientation.map(Self.tiff) ?? []
        var bytes: UnsafeMutablePointer<UInt8>?, count = 0
        lcl_test_png(
            samples, samples.count / height, Int32(width), Int32(height), Self.type(options.colour), wide ? 16 : 8,
            options.interlaced ? 1 : 0, colours, Int32(colours.count / 3), alphas, Int32(alphas.count), exif, exif.count,
            &bytes, &count)
        defer { free(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    /// PNG specification, 11.2.2: the IHDR chunk's colour type.
    private static func type(_ colour: PNGOptions.Colour) -> Int32 {
        switch colour {
        case .grey: 0
        case .rgb: 2
        case .palette: 3
        case .greyAlpha: 4
        case .rgba: 6
        }
    }

    private static func samples(of p: SIMD4<UInt8>, _ colour: PNGOptions.Colour) -> [UInt8] {
        switch colour {
        case .rgb: return [p.x, p.y, p.z]
        case .rgba: return [p.x, p.y, p.z, p.w]
        case .grey: return [p.grey]
        case .greyAlpha: return [p.grey, p.w]
        case .palette:
            if p.w < 128 { return [216] }
            func level(_ v: UInt8) -> Int { (Int(v) + 25) / 51 }
            return [UInt8(level(p.x) * 36 + level(p.y) * 6 + level(p.z))]
        }
    }
}
