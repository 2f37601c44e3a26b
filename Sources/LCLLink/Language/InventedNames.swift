// SPDX-License-Identifier: Apache-2.0
import LCLModel

/// Words that mean nothing, each of exactly two tokens: so that only the supports can tell what a label is.
package struct InventedNames: Sendable {
    /// To train with, and others to validate with.
    package let training, validation: [String]

    static let count = 600, trainingShare = 450
    private static let consonants = Array("bdfghklmnprstvz"), vowels = Array("aeiou"), ends = ["", "n", "x", "r", "sh", "k"]

    /// Few, or none, where the tokenizer cuts hardly any word in two.
    package init(_ tokenizer: Tokenizer) {
        var random = SeededRandom(seed: 5), names: [String] = [], seen: Set<String> = []
        for _ in 0..<100_000 where names.count < Self.count {
            let syllables = (0..<2).map { _ in "\(Self.pick(Self.consonants, &random))\(Self.pick(Self.vowels, &random))" }
            let name = syllables.joined() + Self.pick(Self.ends, &random)
            if tokenizer.encode(" " + name).count == 2, seen.insert(name).inserted { names.append(name) }
        }
        let first = names.count * Self.trainingShare / Self.count
        (training, validation) = (Array(names[..<first]), Array(names[first...]))
    }

    /// Of the names trained with, always the same for so many labels: first tokens differ as long as there are such.
    package func called(_ count: Int, by tokenizer: Tokenizer) -> [String]? {
        guard count <= training.count else { return nil }
        var firsts: Set<Int> = [], different: [String] = [], others: [String] = []
        for name in training { if firsts.insert(tokenizer.encode(" " + name)[0]).inserted { different.append(name) } else { others.append(name) } }
        return Array((different + others).prefix(count))
    }

    private static func pick<T>(_ items: [T], _ random: inout SeededRandom) -> T { items[random.below(items.count)] }
}
