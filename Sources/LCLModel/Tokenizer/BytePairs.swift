// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Byte-level byte-pair encoding, as GPT-2 introduced it: text is split into words, and each word's UTF-8 bytes are merged.
struct BytePairs: Sendable {
    private struct Pair: Hashable, Sendable {
        var left: Int
        var right: Int
    }

    private let words: WordSplitter
    /// Text is composed first (NFC).
    private let composes: Bool
    /// A word that is a token needs no merging.
    private let wholeWords: Bool
    /// Token of each byte; `nil` for those that the vocabulary lacks (SmolLM2 has no token for 21 that are rare in UTF-8):
    /// as in the reference, text loses them.
    private let bytes: [Int?]
    private let merges: [Pair: PairMerging.Merge]
    /// Normal tokens by their bytes.
    private let tokens: [[UInt8]: Int]
    private let text: [[UInt8]]

    init(_ file: GGUFFile, _ vocabulary: Vocabulary) throws(ModelError) {
        let preKey = "tokenizer.ggml.pre", mergesKey = "tokenizer.ggml.merges"
        let pre = file[preKey] == nil ? "gpt-2" : try file.string(preKey)
        switch pre {
        case "gpt-2", "default": (words, composes, wholeWords) = (.gpt2, false, false)
        case "smollm": (words, composes, wholeWords) = (.smolLM, false, false)
        case "llama3", "llama-v3", "llama-bpe", "smaug-bpe": (words, composes, wholeWords) = (.llama3, false, true)
        case "qwen2", "deepseek-r1-qwen": (words, composes, wholeWords) = (.qwen2, true, false)
        default: throw ModelError(.unsupported, file: file.path, item: preKey, "'\(pre)' is none of gpt-2, smollm, llama-bpe, qwen2")
        }
        var ids: [String: Int] = [:], tokens: [[UInt8]: Int] = [:], text: [[UInt8]] = []
        for (id, token) in vocabulary.tokens.enumerated() {
            let isText = vocabulary.kinds[id] == .normal || vocabulary.kinds[id] == .unused
            let bytes = isText ? ByteAlphabet.bytes(token) : nil
            if let bytes, !bytes.isEmpty {
                ids[token] = id
                tokens[bytes] = id
            }
            text.append(bytes ?? (vocabulary.kinds[id] == .userDefined ? Array(token.utf8) : []))
        }
        bytes = (UInt8.min...UInt8.max).map { tokens[[$0]] }
        guard bytes[32...126].allSatisfy({ $0 != nil }) else { throw file.wrong("tokenizer.ggml.tokens", "an ASCII letter has no token of its own") }
        var merges: [Pair: PairMerging.Merge] = [:]
        for (rank, line) in try file.strings(mergesKey).enumerated() {
            let sides = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            guard sides.count == 2, let left = ids[sides[0]], let right = ids[sides[1]], let token = ids[sides[0] + sides[1]] else {
                throw file.wrong(mergesKey, "merge \(rank), '\(line.prefix(40))', is not of two tokens into a third")
            }
            // Of two merges of the same pair the first counts.
            let pair = Pair(left: left, right: right)
            if merges[pair] == nil { merges[pair] = .init(rank: Double(rank), token: token) }
        }
        (self.merges, self.tokens, self.text) = (merges, tokens, text)
    }

    func encode(_ text: String) -> [Int] {
        words.split(composes ? text.precomposedStringWithCanonicalMapping : text).flatMap(merge)
    }

    private func merge(_ word: [UInt8]) -> [Int] {
        if wholeWords, let token = tokens[word] { return [token] }
        let symbols = word.enumerated().compactMap { place, byte in
            bytes[Int(byte)].map { PairMerging.Symbol(range: place..<place + 1, token: $0) }
        }
        return PairMerging.run(symbols) { merges[Pair(left: $0.token, right: $1.token)] }.map(\.token)
    }

    func bytes(of token: Int) -> [UInt8] { text.indices.contains(token) ? text[token] : [] }
}

/// The letters that GPT-2's vocabulary files write bytes with: printable ones stand for themselves, the others for
/// 256, 257 and so on, in their order.
enum ByteAlphabet {
    private static let scalars: [UInt32] = {
        var next: UInt32 = 256
        return (UInt32(0)..<256).map { byte in
            if (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte) { return byte }
            defer { next += 1 }
            return next
        }
    }()
    private static let byScalar = Dictionary(uniqueKeysWithValues: zip(scalars, UInt8.min...UInt8.max))

    /// `nil` where `text` has other letters.
    static func bytes(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = byScalar[scalar.value] else { return nil }
            bytes.append(byte)
        }
        return bytes
    }
}
