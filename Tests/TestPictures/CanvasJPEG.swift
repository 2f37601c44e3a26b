// SPDX-License-Identifier: Apache-2.0
import CTestCodecs
import Foundation

extension Canvas {
    package struct JPEGOptions: Sendable {
        package enum Colour: Sendable, CaseIterable { case rgb, grey, cmyk, ycck }
        package var quality = 90
        package var colour = Colour.rgb
        /// 4:4:4 instead of 4:2:0.
        package var fullChroma = false
        package var progressive = false
        /// EXIF orientation 1 to 8 to claim in an APP1 segment; `nil` writes none. The pixels stay as they are.
        package var orientation: Int?

        package init() {}
    }

    /// The bytes of a JPEG file; alpha is dropped.
    package func jpeg(_ options: JPEGOptions = JPEGOptions()) -> [UInt8] {
        var samples: [UInt8] = []
        for colour in colours { samples += Self.samples(of: colour, options.colour) }
        let exif = options.orientation.map { Array("Exif\0\0".utf8) + Self.tiff(orientation: $0) } ?? []
        let kind = switch options.colour {
        case .rgb: LCL_TEST_RGB
        case .grey: LCL_TEST_GREY
        case .cmyk: LCL_TEST_CMYK
        case .ycck: LCL_TEST_YCCK
        }
        var bytes: UnsafeMutablePointer<UInt8>?, count = 0
        lcl_test_jpeg(
            samples, Int32(width), Int32(height), kind, Int32(options.quality), options.fullChroma ? 1 : 0,
            options.progressive ? 1 : 0, exif, exif.count, &bytes, &count)
        defer { free(bytes) }
        return Array(UnsafeBufferPointer(start: bytes, count: count))
    }

    private static func samples(of p: SIMD4<UInt8>, _ colour: JPEGOptions.Colour) -> [UInt8] {
        switch colour {
        case .rgb: return [p.x, p.y, p.z]
        case .grey: return [p.grey]
        case .cmyk, .ycck:
            // Inverted ink: black holds the brightest channel, the others their share of it.
            let most = max(p.x, p.y, p.z, 1)
            return [p.x, p.y, p.z].map { UInt8((Int($0) * 255 + Int(most) / 2) / Int(most)) } + [most]
        }
    }
}

extension SIMD4<UInt8> {
    /// Luma of the first three (ITU-R BT.601).
    var grey: UInt8 {
        let weighted: Int = Int(x) * 299 + Int(y) * 587 + Int(z) * 114
        return UInt8((weighted + 500) / 1000)
    }
}
