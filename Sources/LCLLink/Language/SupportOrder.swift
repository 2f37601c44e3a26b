// SPDX-License-Identifier: Apache-2.0

/// The order in which a prompt shows its supports: every round shows one of each label that has any left, labels and supports
/// shuffled. The paper's code shuffles the whole list instead, which may show all of one label's supports last; rounds leave less of
/// a score to the order. The same seed gives the same orders on every machine.
struct SupportOrder {
    /// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    private var state: UInt64

    /// Supports by number, of which `labels` gives each one's label.
    /// - Parameter number: of the order: each is another.
    static func interleaved(_ labels: [Int], seed: UInt64, number: Int) -> [Int] {
        var order = SupportOrder(state: seed &+ UInt64(number) &* 0xD1B5_4A32_D192_ED03)
        var supports: [[Int]] = []
        for label in Set(labels).sorted() { supports.append(order.shuffled(labels.indices.filter { labels[$0] == label })) }
        var result: [Int] = []
        while result.count < labels.count {
            for i in order.shuffled(Array(supports.indices)) where !supports[i].isEmpty { result.append(supports[i].removeLast()) }
        }
        return result
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// Fisher and Yates.
    private mutating func shuffled(_ items: [Int]) -> [Int] {
        var items = items
        for i in items.indices.dropFirst().reversed() { items.swapAt(i, Int(next().multipliedFullWidth(by: UInt64(i + 1)).high)) }
        return items
    }
}
