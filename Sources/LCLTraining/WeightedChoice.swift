// SPDX-License-Identifier: Apache-2.0
import LCLLink

/// A distribution over 0 ..< count with given weights, drawn from by inverting its cumulative sum.
public struct WeightedChoice: Sendable, Equatable {
    /// Sums to 1.
    public let probabilities: [Double]
    private let cumulative: [Double]

    /// - Parameter weights: not negative, finite, not all zero.
    public init(weights: [Double]) {
        let total = weights.reduce(0, +)
        precondition(total > 0 && total.isFinite && weights.allSatisfy { $0 >= 0 }, "weights to choose by")
        probabilities = weights.map { $0 / total }
        var sum = 0.0
        cumulative = probabilities.map { probability in
            sum += probability
            return sum
        }
    }

    func draw(_ random: inout SeededRandom) -> Int {
        let point = random.unit()
        var low = 0, high = cumulative.count - 1
        while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] > point { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension SeededRandom {
    /// Uniform in 0 ..< 1, a multiple of 2⁻⁵³.
    mutating func unit() -> Double { Double(below(1 << 53)) * 0x1p-53 }
}
