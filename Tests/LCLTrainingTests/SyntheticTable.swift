// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLTensor
import LCLTraining

/// Classes in the plane of the mining tap, around the origin in order, and in a tap `d11.max` of 12 values, of which
/// the first 4 tell classes apart and the rest are noise.
enum SyntheticTable {
    static func make(pictures: [Int], sources: Int = 1, seed: UInt64 = 1) -> FeatureTable {
        var random = SeededRandom(seed: seed), rows: [[Float]] = [], classes: [FeatureTable.Class] = []
        func noise(_ scale: Float) -> Float { scale * (Float(random.below(1 << 20)) / Float(1 << 19) - 1) }
        for (index, count) in pictures.enumerated() {
            let t = Float(index) / Float(pictures.count) * 4 - 2
            let centre = (0..<12).map { $0 < 4 ? 1 + noise(1) : 1 }
            let own = Array(rows.count..<rows.count + count)
            classes.append(FeatureTable.Class(source: "s\(index % sources)", name: "class \(index)", rows: own))
            rows += own.map { _ in
                centre.enumerated().map { max(0, $1 + noise($0 < 4 ? 0.5 : 1)) } + [(1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)]
            }
        }
        return FeatureTable(taps: ["d11.max", EpisodeSampler.miningTap], widths: [12, 2], features: Matrix(rows), classes: classes)
    }
}
