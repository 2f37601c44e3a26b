// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Pictures for tests, drawn by seeded arithmetic: the same arguments give the same pixels on every machine.
///
/// A *class* has a form, a pattern and a pair of colours of its own; its *instances* vary in place, size, turn,
/// background, light and noise. Classes 0 to 23 are easy to tell apart by a network; `hard` pictures of neighbouring
/// classes (2k and 2k+1) share form and colours and differ in pattern alone.
package enum TestPictures {
    /// "red-disc-striped", ...: also the folder that ``writeJob(at:classes:shots:queries:side:)`` uses as the label.
    package static func label(ofClass index: Int) -> String { fatalError("not written yet") }

    package static func picture(class index: Int, instance: Int, side: Int = 256, hard: Bool = false) -> Canvas {
        fatalError("not written yet")
    }

    /// Lays out a job without a manifest: `support/LABEL/s00.jpg ...` (shots of each class) and `queries/q000.png ...`
    /// (class 0, 1, ... in turn; every instance is new).
    /// - Returns: the right label of each query, by its path in the job (`queries/q000.png`).
    @discardableResult
    package static func writeJob(
        at directory: URL, classes: Int = 3, shots: Int = 4, queries: Int = 6, side: Int = 256
    ) throws -> [String: String] {
        fatalError("not written yet")
    }
}

/// Bytes that are wrong on purpose.
package enum SpoiledPicture {
    /// The first `share` (0 to 1) of a file.
    package static func truncated(_ file: [UInt8], to share: Double) -> [UInt8] { fatalError("not written yet") }
    /// `count` bytes at seeded places changed to seeded values.
    package static func flipped(_ file: [UInt8], count: Int, seed: UInt64) -> [UInt8] { fatalError("not written yet") }
    /// A few hundred bytes whose header claims any size (30,000 x 30,000 by default).
    package static func pngBomb(width: Int = 30_000, height: Int = 30_000) -> [UInt8] { fatalError("not written yet") }
    package static func jpegBomb(width: Int = 30_000, height: Int = 30_000) -> [UInt8] { fatalError("not written yet") }
    /// A small progressive JPEG with thousands of scans.
    package static func scanBomb(scans: Int = 5_000) -> [UInt8] { fatalError("not written yet") }
    /// A well-formed one-pixel GIF, whatever extension a test gives it.
    package static func gif() -> [UInt8] { fatalError("not written yet") }
}
