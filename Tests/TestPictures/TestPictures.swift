// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Pictures for tests, drawn by seeded arithmetic: the same arguments give the same pixels every time.
///
/// A *class* has a form, a pattern and a colour of its own; its *instances* vary in place, size, turn, background, light
/// and noise. Easy classes (0 to 31, the default) differ in everything; `hard` ones come in pairs (2k and 2k + 1) that
/// share form and colour and differ in the pattern alone.
package enum TestPictures {
    /// "red-disc-striped", ...: also the folder that ``writeJob(at:classes:shots:queries:side:hard:)`` names a label by.
    package static func label(ofClass index: Int, hard: Bool = false) -> String { Motif(class: index, hard: hard).name }

    package static func picture(class index: Int, instance: Int, side: Int = 256, hard: Bool = false) -> Canvas {
        var random = SeededGenerator(seed: UInt64(index) &* 1_000_003 &+ UInt64(instance) &* 2 &+ (hard ? 1 : 0))
        let scene = Scene(motif: Motif(class: index, hard: hard), using: &random)
        var canvas = Canvas(width: side, height: side)
        for y in 0..<side {
            for x in 0..<side {
                let grain = Double.random(in: -0.03...0.03, using: &random)
                let colour = scene.colour(x: (Double(x) + 0.5) / Double(side), y: (Double(y) + 0.5) / Double(side), step: 0.25 / Double(side))
                let levels = ((colour + grain) * 255).clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255))
                canvas[x, y] = SIMD4(UInt8(levels.x), UInt8(levels.y), UInt8(levels.z), 255)
            }
        }
        return canvas
    }

    /// Lays out a job without a manifest: `support/LABEL/s00.jpg ...` (shots of each class) and `queries/q000.png ...`
    /// (class 0, 1, ... in turn; every instance is new).
    /// - Returns: the right label of each query, by its path in the job (`queries/q000.png`).
    @discardableResult
    package static func writeJob(
        at directory: URL, classes: Int = 3, shots: Int = 4, queries: Int = 6, side: Int = 256, hard: Bool = false
    ) throws -> [String: String] {
        for index in 0..<classes {
            let folder = directory.appending(path: "support").appending(path: label(ofClass: index, hard: hard))
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for shot in 0..<shots {
                let file = picture(class: index, instance: shot, side: side, hard: hard).jpeg()
                try Data(file).write(to: folder.appending(path: "s\(padded(shot, 2)).jpg"))
            }
        }
        try FileManager.default.createDirectory(at: directory.appending(path: "queries"), withIntermediateDirectories: true)
        var expected: [String: String] = [:]
        for query in 0..<queries {
            let path = "queries/q\(padded(query, 3)).png"
            let file = picture(class: query % classes, instance: 1000 + query, side: side, hard: hard).png()
            try Data(file).write(to: directory.appending(path: path))
            expected[path] = label(ofClass: query % classes, hard: hard)
        }
        return expected
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

/// One instance: where the motif lies, on what, in what light.
private struct Scene {
    let motif: Motif
    let centre: SIMD2<Double>
    let size: Double
    let turn: Double
    let top: SIMD3<Double>
    let bottom: SIMD3<Double>
    let ripple: Double
    let light: Double

    init(motif: Motif, using random: inout SeededGenerator) {
        func draw(_ range: ClosedRange<Double>) -> Double { .random(in: range, using: &random) }
        func pastel() -> SIMD3<Double> { SIMD3(draw(0.45...0.95), draw(0.45...0.95), draw(0.45...0.95)) }
        self.motif = motif
        size = draw(0.26...0.42)
        centre = SIMD2(draw(0.42...0.58), draw(0.42...0.58))
        turn = draw(-0.35...0.35)
        top = pastel()
        bottom = pastel()
        ripple = draw(4...14)
        light = draw(0.8...1.1)
    }

    /// The colour at a place of the unit square, averaged over four points `step` to its sides.
    func colour(x: Double, y: Double, step: Double) -> SIMD3<Double> {
        var sum = SIMD3<Double>.zero
        for (dx, dy) in [(-step, -step), (step, -step), (-step, step), (step, step)] { sum += point(x + dx, y + dy) }
        return sum / 4 * light
    }

    private func point(_ x: Double, _ y: Double) -> SIMD3<Double> {
        let dx = (x - centre.x) / size, dy = (y - centre.y) / size
        let u = dx * cos(turn) + dy * sin(turn), v = dy * cos(turn) - dx * sin(turn)
        if abs(u) <= 1, abs(v) <= 1, let inside = motif.colour(u: u, v: v) { return inside }
        return top + (bottom - top) * y + 0.04 * sin(ripple * (x + 2 * y))
    }
}
