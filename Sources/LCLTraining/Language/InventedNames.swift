// SPDX-License-Identifier: Apache-2.0
import LCLModel

/// Words that mean nothing, each of exactly two tokens: so that only the supports can tell what a label is.
package struct InventedNames: Sendable {
    /// To train with, and others to validate with.
    package let training, validation: [String]

    static let count = 600, trainingShare = 450
    private static let consonants = Array("bdfghklmnprstvz"), vowels = Array("aeiou"), ends = ["", "n", "x", "r", "sh", "k"]

    /// - Throws: ``TrainingError/tooFew(what:found:needed:)`` where the tokenizer cuts hardly any word in two.
    package init(_ tokenizer: Tokenizer) throws(TrainingError) {
        var random = SeededRandom(seed: 5), names: [String] = [], seen: Set<String> = []
        for _ in 0..<100_000 where names.count < Self.count {
            let syllables = (0..<2).map { _ in "\(Self.pick(Self.consonants, &random))\(Self.pick(Self.vowels, &random))" }
            let name = syllables.joined() + Self.pick(Self.ends, &random)
            if tokenizer.encode(" " + name).count == 2, seen.insert(name).inserted { names.append(name) }
        }
        guard names.count >= 8 else { throw .tooFew(what: "invented words of two tokens", found: names.count, needed: 8) }
        let first = names.count * Self.trainingShare / Self.count
        (training, validation) = (Array(names[..<first]), Array(names[first...]))
    }

    private static func pick<T>(_ items: [T], _ random: inout SeededRandom) -> T { items[random.below(items.count)] }
}
