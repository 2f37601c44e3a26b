// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import TestModels
import Testing

struct InventedNamesTests {
    private let tokenizer: Tokenizer
    private let names: InventedNames

    init() throws {
        tokenizer = try Tokenizer(TinyLanguage.open(TinyLanguage.encoded(syllables: true)).first)
        names = InventedNames(tokenizer)
    }

    @Test func names_areOfTwoTokens_andNoneIsForBoth() {
        #expect(names.training.count > names.validation.count && names.validation.count > 8)
        #expect((names.training + names.validation).allSatisfy { tokenizer.encode(" " + $0).count == 2 })
        #expect(Set(names.training).isDisjoint(with: names.validation))
    }

    @Test func labels_beginDifferently_asLongAsTheyCan() {
        func firsts(_ count: Int) -> Int { Set(names.forLabels.prefix(count).map { tokenizer.encode(" " + $0)[0] }).count }
        // Two letters and five vowels begin a word.
        for count in [2, 3, 10] { #expect(firsts(count) == count) }
        #expect(firsts(15) == 10)
        #expect(names.forLabels.sorted() == names.training.sorted())
    }
}
