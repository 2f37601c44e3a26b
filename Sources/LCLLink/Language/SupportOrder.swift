// SPDX-License-Identifier: Apache-2.0

/// The order in which a prompt shows its supports: every round shows one of each label that has any left, labels and supports
/// shuffled. The paper's code shuffles the whole list instead, which may show all of one label's supports last; rounds leave less of
/// a score to the order. The same seed gives the same orders on every machine.
enum SupportOrder {
    /// Supports by number, of which `labels` gives each one's label.
    /// - Parameter number: of the order: each is another.
    static func interleaved(_ labels: [Int], seed: UInt64, number: Int) -> [Int] {
        var random = SeededRandom(seed: seed &+ UInt64(number) &* 0xD1B5_4A32_D192_ED03)
        var supports: [[Int]] = []
        for label in Set(labels).sorted() { supports.append(random.shuffled(labels.indices.filter { labels[$0] == label })) }
        var result: [Int] = []
        while result.count < labels.count {
            for i in random.shuffled(Array(supports.indices)) where !supports[i].isEmpty { result.append(supports[i].removeLast()) }
        }
        return result
    }
}

extension SeededRandom {
    /// Fisher and Yates.
    fileprivate mutating func shuffled(_ items: [Int]) -> [Int] {
        var items = items
        for i in items.indices.dropFirst().reversed() { items.swapAt(i, below(i + 1)) }
        return items
    }
}
