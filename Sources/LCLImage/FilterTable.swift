// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTensor

/// Which source pixels make each pixel of one resampled axis, and with what weights: the filter widened by the reduction factor, so
/// that shrinking averages (Pillow's antialiased resampling).
struct FilterTable<Weight: FilterWeight> {
    /// Weights of each output pixel; the same for all, padded with zeros at the picture's edges.
    private(set) var taps = 0
    /// Of each output pixel, the first source pixel it looks at; `first + taps` stays within the source.
    private(set) var first: [Int32] = []
    /// outputs x taps; each row sums to 1.
    private(set) var weights: [Weight] = []

    /// Refills the table, keeping its storage.
    /// - Parameters:
    ///   - length: pixels of the source axis.
    ///   - scaled: pixels that the whole axis would have after resampling.
    ///   - window: the part of those that is wanted.
    mutating func fill(length: Int, scaled: Int, window: Range<Int>, filter: PictureInput.Filter = .bicubic) {
        precondition(length > 0 && window.lowerBound >= 0 && window.upperBound <= scaled && !window.isEmpty)
        let scale = Double(length) / Double(scaled)
        let stretch = max(scale, 1)
        let reach = filter.reach * stretch
        taps = min(length, Int(reach.rounded(.up)) * 2 + 1)
        first.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        weights.reserveCapacity(window.count * taps)
        for index in window {
            let centre = (Double(index) + 0.5) * scale
            let low = max(0, Int(centre - reach + 0.5))
            let high = min(length, Int(centre + reach + 0.5))
            append(from: low, to: high, length: length) { filter.weight((Double($0) - centre + 0.5) / stretch) }
        }
    }

    private mutating func append(from low: Int, to high: Int, length: Int, _ weight: (Int) -> Double) {
        // Zeros before `low` or after `high` keep every row of the table equally long and inside the source.
        let start = min(low, length - taps)
        func raw(_ x: Int) -> Double { (low..<high).contains(x) ? weight(x) : 0 }
        var sum = 0.0
        for x in low..<high { sum += raw(x) }
        for x in start..<start + taps { weights.append(Weight(share: raw(x) / sum)) }
        first.append(Int32(start))
    }
}

/// How a weight is kept.
protocol FilterWeight {
    /// - Parameter share: a part of 1, perhaps negative.
    init(share: Double)
}

extension Float: FilterWeight {
    init(share: Double) { self = Float(share) }
}

/// Pillow's fixed point: 22 bits after the point, halves away from zero.
extension Int32: FilterWeight {
    init(share: Double) { self = Int32((share * 0x1p22).rounded(.toNearestOrAwayFromZero)) }
}

extension PictureInput.Filter {
    /// Half its width, in pixels of the coarser side.
    var reach: Double {
        switch self {
        case .bilinear: 1
        case .bicubic: 2
        case .lanczos: 3
        }
    }

    /// Its value at a distance: a triangle, cubic convolution (Keys 1981, a = -1/2), or Lanczos's windowed sinc with three lobes.
    func weight(_ x: Double) -> Double {
        let far = abs(x)
        switch self {
        case .bilinear: return max(0, 1 - far)
        case .bicubic: return Self.cubic(far)
        case .lanczos: return far < 3 ? Self.sinc(far) * Self.sinc(far / 3) : 0
        }
    }

    private static func cubic(_ x: Double) -> Double {
        let a = -0.5
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
        return 0
    }

    private static func sinc(_ x: Double) -> Double { x == 0 ? 1 : sin(x * .pi) / (x * .pi) }
}
