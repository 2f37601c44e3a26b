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

    @Test func called_beginDifferently_asLongAsTheyCan() throws {
        func firsts(_ count: Int) throws -> Int { Set(try #require(names.called(count, by: tokenizer)).map { tokenizer.encode(" " + $0)[0] }).count }
        // Two letters and five vowels begin a word.
        for count in [2, 3, 10] { #expect(try firsts(count) == count) }
        #expect(try firsts(15) == 10)
        #expect(Set(try #require(names.called(15, by: tokenizer))).count == 15)
        #expect(names.called(2, by: tokenizer) == Array(try #require(names.called(3, by: tokenizer)).prefix(2)))
        #expect(names.called(names.training.count + 1, by: tokenizer) == nil)
    }
}
