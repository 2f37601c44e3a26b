// SPDX-License-Identifier: Apache-2.0
import LCLModel

/// Words that mean nothing, each of exactly two tokens: so that only the supports can tell what a label is.
package struct InventedNames: Sendable {
    /// To train with, and others to validate with.
    package let training, validation: [String]
    /// Those to train with in the order in which labels get them: first tokens differ as long as there are such.
    package let forLabels: [String]

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
        let taught = Array(names[..<first])
        var firsts: Set<Int> = []
        let isNew = taught.map { firsts.insert(tokenizer.encode(" " + $0)[0]).inserted }
        (training, validation) = (taught, Array(names[first...]))
        forLabels = [true, false].flatMap { wanted in zip(taught, isNew).filter { $1 == wanted }.map(\.0) }
    }

    private static func pick<T>(_ items: [T], _ random: inout SeededRandom) -> T { items[random.below(items.count)] }
}
