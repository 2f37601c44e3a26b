// SPDX-License-Identifier: Apache-2.0

/// Which source pixels make each pixel of one resampled axis, and with what weights: cubic convolution (Keys 1981,
/// a = -1/2), widened by the reduction factor so that shrinking averages (Pillow's antialiased `BICUBIC`).
struct FilterTable {
    /// Weights of each output pixel; the same for all, padded with zeros at the picture's edges.
    private(set) var taps = 0
    /// Of each output pixel, the first source pixel it looks at; `first + taps` stays within the source.
    private(set) var first: [Int32] = []
    /// outputs x taps; each row sums to 1.
    private(set) var weights: [Float] = []

    /// Refills the table, keeping its storage.
    /// - Parameters:
    ///   - length: pixels of the source axis.
    ///   - scaled: pixels that the whole axis would have after resampling.
    ///   - window: the part of those that is wanted.
    mutating func fill(length: Int, scaled: Int, window: Range<Int>) {
        precondition(length > 0 && window.lowerBound >= 0 && window.upperBound <= scaled && !window.isEmpty)
        let scale = Double(length) / Double(scaled)
        let stretch = max(scale, 1)
        let reach = 2 * stretch
        taps = min(length, Int(reach.rounded(.up)) * 2 + 1)
        first.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        weights.reserveCapacity(window.count * taps)
        for index in window {
            let centre = (Double(index) + 0.5) * scale
            let low = max(0, Int(centre - reach + 0.5))
            let high = min(length, Int(centre + reach + 0.5))
            append(from: low, to: high, centre: centre, stretch: stretch, length: length)
        }
    }

    private mutating func append(from low: Int, to high: Int, centre: Double, stretch: Double, length: Int) {
        // Zeros before `low` or after `high` keep every row of the table equally long and inside the source.
        let start = min(low, length - taps)
        func raw(_ x: Int) -> Double { (low..<high).contains(x) ? Self.cubic((Double(x) - centre + 0.5) / stretch) : 0 }
        var sum = 0.0
        for x in low..<high { sum += raw(x) }
        for x in start..<start + taps { weights.append(Float(raw(x) / sum)) }
        first.append(Int32(start))
    }

    private static func cubic(_ x: Double) -> Double {
        let a = -0.5, x = abs(x)
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        if x < 2 { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
        return 0
    }
}
