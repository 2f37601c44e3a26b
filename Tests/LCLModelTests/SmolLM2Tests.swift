// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import Testing

/// The real SmolLM2-135M-Instruct Q4_1, where `LCL_SMOLLM2` names its file (`make model-smollm2` fetches it).
/// Goldens: Tests/Reference/smollm2_goldens.py and tokenizer_goldens.py.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["LCL_SMOLLM2"] != nil))
struct SmolLM2Tests {
    private struct Goldens: Decodable {
        let tokens: [Int]
        let next: [Float]
        let best: [Int]
        let bestLog: [Float]
    }

    private func open() throws -> GGUFShards { try GGUFShards(path: #require(ProcessInfo.processInfo.environment["LCL_SMOLLM2"])) }

    @Test func logProbabilities_equalTransformers_withTheSameFile() throws {
        let path = try #require(Bundle.module.path(forResource: "smollm2-135m", ofType: "json", inDirectory: "Goldens"))
        let goldens = try JSONDecoder().decode(Goldens.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        let model = try LanguageModel(open(), context: 512, threads: 2)
        let next = model.logProbabilities(goldens.tokens)
        #expect(next.count == goldens.next.count)
        for (a, b) in zip(next, goldens.next) { #expect(abs(a - b) < 1e-3) }
        let last = model.nextLogProbabilities(model.embed(goldens.tokens))
        for (token, log) in zip(goldens.best, goldens.bestLog) { #expect(abs(last[token] - log) < 1e-3) }
    }

    @Test func encode_isTheReferences_tokenForToken() throws {
        let goldens = try TokenizerTests.goldens(), tokenizer = try Tokenizer(open().first)
        let expected = try #require(goldens.tokens["smollm2-135m"])
        for (string, ids) in zip(goldens.strings, expected) { #expect(tokenizer.encode(string) == ids, "\(string.debugDescription)") }
    }

    /// Thousands of strings more, where `LCL_TOKENIZER_STRINGS` names what tokenizer_goldens.py wrote with a third argument.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["LCL_TOKENIZER_STRINGS"] != nil))
    func encode_isTheReferences_onThousandsOfStrings() throws {
        struct Strings: Decodable {
            let strings: [String]
            let tokens: [[Int]]

            enum CodingKeys: String, CodingKey {
                case strings
                case tokens = "smollm2-135m"
            }
        }
        let path = try #require(ProcessInfo.processInfo.environment["LCL_TOKENIZER_STRINGS"])
        let goldens = try JSONDecoder().decode(Strings.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        let tokenizer = try Tokenizer(open().first)
        #expect(goldens.strings.count == goldens.tokens.count && goldens.strings.count >= 1000)
        for (string, ids) in zip(goldens.strings, goldens.tokens) { #expect(tokenizer.encode(string) == ids, "\(string.debugDescription)") }
    }
}
