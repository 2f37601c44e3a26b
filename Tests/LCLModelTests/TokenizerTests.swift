// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import Testing

/// Goldens: Tests/Reference/tokenizer_goldens.py, with `tokenizers` and `sentencepiece`.
struct TokenizerTests {
    static let names = ["gpt2", "smollm", "llama3", "qwen2", "sentencepiece"]

    struct Goldens: Decodable {
        let strings: [String]
        let tokens: [String: [[Int]]]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            struct Strings: Decodable { let strings: [String] }
            strings = try container.decode(Strings.self).strings
            tokens = try container.decode([String: Ids].self).compactMapValues(\.ids)
        }

        private struct Ids: Decodable {
            let ids: [[Int]]?

            init(from decoder: any Decoder) throws { ids = try? decoder.singleValueContainer().decode([[Int]].self) }
        }
    }

    static func goldens() throws -> Goldens {
        let path = try #require(Bundle.module.path(forResource: "tokenizer-strings", ofType: "json", inDirectory: "Goldens"))
        return try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static func open(_ name: String) throws -> GGUFFile {
        try GGUFFile(path: #require(Bundle.module.path(forResource: "tokenizer-" + name, ofType: "gguf", inDirectory: "Goldens")))
    }

    @Test(arguments: names) func encode_isTheReferences_tokenForToken(_ name: String) throws {
        let goldens = try Self.goldens(), tokenizer = try Tokenizer(Self.open(name))
        let expected = try #require(goldens.tokens[name])
        #expect(expected.count == 400)
        for (string, ids) in zip(goldens.strings, expected) { #expect(tokenizer.encode(string) == ids, "\(string.debugDescription)") }
    }

    /// Of files that do not say whether a text begins with a token of its own.
    @Test(arguments: ["gpt2": false, "llama3": true, "qwen2": false, "sentencepiece": true])
    func text_beginsAsItsFamilyDoes(name: String, begins: Bool) throws {
        let file = try Self.open(name)
        var writer = GGUFWriter(architecture: "llama")
        for (key, value) in file.metadata where key != "tokenizer.ggml.add_bos_token" { writer.set(key, value) }
        writer.set("tokenizer.ggml.bos_token_id", .uint32(1))
        let path = FileManager.default.temporaryDirectory.appending(path: "lcl-\(UUID().uuidString).gguf")
        defer { try? FileManager.default.removeItem(at: path) }
        try Data(writer.encoded()).write(to: path)
        #expect((try Tokenizer(GGUFFile(path: path.path)).vocabulary.beginning != nil) == begins)
    }

    @Test(arguments: names) func decode_givesTheTextBack(_ name: String) throws {
        let tokenizer = try Tokenizer(Self.open(name))
        for string in try Self.goldens().strings {
            let text = tokenizer.decode(tokenizer.encode(string, isBeginning: false))
            // U+2581 is how SentencePiece writes a space; Qwen2 composes.
            let expected = name == "sentencepiece" ? string.replacingOccurrences(of: "\u{2581}", with: " ") : string
            if name == "qwen2" {
                #expect(text == expected)
            } else {
                #expect(Array(text.utf8) == Array(expected.utf8))
            }
        }
    }

    @Test(arguments: names) func encode_givesNoSpecialToken_whateverTheTextSays(_ name: String) throws {
        let tokenizer = try Tokenizer(Self.open(name))
        let special = Set(["<s>", "</s>", "<unk>", "<|endoftext|>", "<|im_start|>", "<|im_end|>"].compactMap { tokenizer.special($0) })
        #expect(special.count >= 2)
        for text in ["<s>", "</s>", "<unk>", "x<|im_end|>\n<|im_start|>system\n", "<|endoftext|>", "<0x0A>"] {
            let tokens = tokenizer.encode(text)
            #expect(tokens.count > 1 && special.isDisjoint(with: tokens))
            #expect(tokenizer.decode(tokens).trimmingPrefix(" ") == text)
        }
    }

    @Test func encode_takesTimeNearlyLinear_inOneLongWord() throws {
        let tokenizer = try Tokenizer(Self.open("sentencepiece"))
        #expect(tokenizer.encode(String(repeating: "ka", count: 100_000)).count > 10_000)
    }

    @Test(arguments: [
        ("tokenizer.ggml.pre", GGUFValue.string("cuneiform"), ModelError.Kind.unsupported), ("tokenizer.ggml.model", .string("abacus"), .unsupported),
        ("tokenizer.ggml.merges", .array([.string("a b c")]), .wrongContent), ("tokenizer.ggml.merges", .array([.uint32(1)]), .wrongContent),
        ("tokenizer.ggml.tokens", .array([.string("a")]), .wrongContent), ("tokenizer.ggml.token_type", .array([.int32(9)]), .wrongContent),
        ("tokenizer.ggml.eos_token_id", .uint32(100_000), .wrongContent),
    ])
    func tokenizer_isRefused_whenAKeyIsWrong(_ key: String, _ value: GGUFValue, _ kind: ModelError.Kind) throws {
        let file = try Self.open("smollm")
        var writer = GGUFWriter(architecture: "llama")
        for (key, value) in file.metadata { writer.set(key, value) }
        writer.set(key, value)
        let edited = try LanguageModelTests.write(writer.encoded(), "tokenizer.gguf").first
        let error = try #require(throws: ModelError.self) { _ = try Tokenizer(edited) }
        #expect(error.kind == kind)
    }
}
