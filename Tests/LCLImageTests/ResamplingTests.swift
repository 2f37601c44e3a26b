// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLImage
import TestPictures
import Testing

/// Against a slow, obvious bicubic in double precision, written from the filter's definition.
struct ResamplingTests {
    @Test(arguments: [(64, 64), (65, 64), (97, 203), (640, 70), (31, 50), (7, 5), (129, 128), (1, 3)])
    func prepare_agreesWithTheDefinition(width: Int, height: Int) throws {
        let canvas = noise(width, height)
        let (mean, most) = try difference(prepared(canvas.png()), reference(canvas, side: 64))
        #expect(mean < 0.05 && most <= 1, "mean \(mean), most \(most)")
    }

    private func noise(_ width: Int, _ height: Int) -> Canvas {
        var canvas = Canvas(width: width, height: height), random = SeededGenerator(seed: UInt64(width * 1000 + height))
        for y in 0..<height {
            for x in 0..<width {
                let colour = (0..<3).map { _ in UInt8.random(in: 0...255, using: &random) }
                canvas[x, y] = SIMD4(colour[0], colour[1], colour[2], 255)
            }
        }
        return canvas
    }

    private func reference(_ canvas: Canvas, side: Int) -> [UInt8] {
        let short = min(canvas.width, canvas.height)
        func scaled(_ n: Int) -> Int { Int((Double(n * side) / Double(short) + 0.5).rounded(.down)) }
        let width = scaled(canvas.width), height = scaled(canvas.height)
        let left = (width - side) / 2, top = (height - side) / 2
        var result: [UInt8] = []
        let columns = (left..<left + side).map { weights(at: $0, of: width, from: canvas.width) }
        for y in top..<top + side {
            let rows = weights(at: y, of: height, from: canvas.height)
            for across in columns {
                for channel in 0..<3 {
                    let sum = rows.reduce(0.0) { sum, row in
                        let line = across.reduce(0.0) { $0 + $1.weight * Double(canvas[$1.index, row.index][channel]) }
                        return sum + row.weight * Double(level(line))
                    }
                    result.append(level(sum))
                }
            }
        }
        return result
    }

    private func level(_ x: Double) -> UInt8 { UInt8(min(255, max(0, (x + 0.5).rounded(.down)))) }

    /// Keys' cubic with a = -1/2, stretched by the reduction, cut at the edges and normalised.
    private func weights(at index: Int, of scaled: Int, from length: Int) -> [(index: Int, weight: Double)] {
        let scale = Double(length) / Double(scaled), stretch = max(1, scale), centre = (Double(index) + 0.5) * scale
        let low = max(0, Int(centre - 2 * stretch + 0.5)), high = min(length, Int(centre + 2 * stretch + 0.5))
        let raw = (low..<high).map { x in
            let d = abs((Double(x) + 0.5 - centre) / stretch)
            return d < 1 ? 1.5 * pow(d, 3) - 2.5 * d * d + 1 : d < 2 ? -0.5 * pow(d, 3) + 2.5 * d * d - 4 * d + 2 : 0
        }
        let sum = raw.reduce(0, +)
        return zip(low..<high, raw).map { ($0, $1 / sum) }
    }
}
