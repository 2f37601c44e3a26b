// SPDX-License-Identifier: Apache-2.0

/// SentencePiece's BPE with byte fallback, as Llama 2 uses it: the whole text is merged, spaces are written U+2581, and a letter that
/// is no token becomes its UTF-8 bytes. Kudo and Richardson, arXiv 1808.06226.
struct SentencePieces: Sendable {
    private static let space: Unicode.Scalar = "\u{2581}"

    /// Normal tokens by their UTF-8 bytes: Swift's strings are equal where their letters only mean the same.
    private let pieces: [[UInt8]: Int]
    private let scores: [Float]
    /// Token of each byte; empty where the model has none.
    private let bytes: [Int]
    private let unknown: Int
    private let addsSpace: Bool
    private let text: [[UInt8]]

    init(_ file: GGUFFile, _ vocabulary: Vocabulary) throws(ModelError) {
        let scoresKey = "tokenizer.ggml.scores"
        scores = try file.floats(scoresKey)
        guard scores.count == vocabulary.count, scores.allSatisfy({ !$0.isNaN }) else {
            throw file.wrong(scoresKey, "it must give each of the \(vocabulary.count) tokens a score")
        }
        var pieces: [[UInt8]: Int] = [:], bytes: [UInt8: Int] = [:], text: [[UInt8]] = []
        for (id, token) in vocabulary.tokens.enumerated() {
            switch vocabulary.kinds[id] {
            case .normal, .userDefined, .unused:
                if vocabulary.kinds[id] == .normal { pieces[Array(token.utf8)] = id }
                text.append(Array(String(String.UnicodeScalarView(token.unicodeScalars.map { $0 == Self.space ? " " : $0 })).utf8))
            case .byte:
                guard let byte = Self.byte(token) else { throw file.wrong("tokenizer.ggml.tokens", "'\(token.prefix(20))' is no byte: those are written <0x0A>") }
                bytes[byte] = id
                text.append([byte])
            case .control, .unknown: text.append([])
            }
        }
        guard bytes.isEmpty || bytes.count == 256 else { throw file.wrong("tokenizer.ggml.tokens", "it has \(bytes.count) of the 256 bytes") }
        guard let unknown = vocabulary.kinds.firstIndex(of: .unknown) ?? (bytes.isEmpty ? nil : 0) else {
            throw file.wrong("tokenizer.ggml.tokens", "it has neither bytes nor an unknown token")
        }
        self.unknown = unknown
        self.bytes = bytes.isEmpty ? [] : (UInt8.min...UInt8.max).map { bytes[$0]! }
        (self.pieces, self.text) = (pieces, text)
        if case .bool(let flag)? = file["tokenizer.ggml.add_space_prefix"] { addsSpace = flag } else { addsSpace = true }
    }

    private static func byte(_ token: String) -> UInt8? {
        let letters = Array(token.utf8)
        // A sign would pass for a digit of the number.
        guard letters.count == 6, letters.starts(with: "<0x".utf8), letters[3] != 43, letters[3] != 45, letters[5] == 62 else { return nil }
        return UInt8(String(decoding: letters[3...4], as: UTF8.self), radix: 16)
    }

    func encode(_ text: String, isBeginning: Bool) -> [Int] {
        guard !text.isEmpty else { return [] }
        let isBeginning = addsSpace && isBeginning
        var spelled: [UInt8] = [], symbols: [PairMerging.Symbol] = []
        for scalar in (isBeginning ? [Self.space] : []) + text.unicodeScalars.map({ $0 == " " ? Self.space : $0 }) {
            let start = spelled.count
            spelled.append(contentsOf: UTF8.encode(scalar)!)
            symbols.append(.init(range: start..<spelled.count, token: pieces[Array(spelled[start...])] ?? -1))
        }
        let merged = PairMerging.run(symbols) { left, right in
            pieces[Array(spelled[left.range.lowerBound..<right.range.upperBound])].map { .init(rank: -Double(scores[$0]), token: $0) }
        }
        return merged.flatMap { symbol -> [Int] in
            if symbol.token >= 0 { return [symbol.token] }
            return bytes.isEmpty ? [unknown] : spelled[symbol.range].map { bytes[Int($0)] }
        }
    }

    func bytes(of token: Int) -> [UInt8] { text.indices.contains(token) ? text[token] : [] }
}
