// SPDX-License-Identifier: Apache-2.0

/// Text to tokens and back, as the GGUF file of a language model says.
///
/// Text never becomes a special token, whatever it says: those are asked for by name (``special(_:)``).
public struct Tokenizer: Sendable {
    public let vocabulary: Vocabulary
    private let scheme: Scheme

    private enum Scheme: Sendable {
        case bytePairs(BytePairs)
        case sentencePieces(SentencePieces)
    }

    /// - Throws: ``ModelError``: `wrongContent`, or `unsupported` where the model has another kind of tokenizer.
    public init(_ file: GGUFFile) throws(ModelError) {
        vocabulary = try Vocabulary(file)
        switch try file.string("tokenizer.ggml.model") {
        case "gpt2": scheme = .bytePairs(try BytePairs(file, vocabulary))
        case "llama": scheme = .sentencePieces(try SentencePieces(file, vocabulary))
        case let other:
            throw ModelError(.unsupported, file: file.path, item: "tokenizer.ggml.model", "'\(other)' is none of gpt2, llama")
        }
    }

    /// The tokens of `text`, without any at its beginning or end that the text does not hold.
    /// - Parameter isBeginning: of what the model reads or of what follows a special token: SentencePiece models then put
    ///   a space before it.
    public func encode(_ text: String, isBeginning: Bool = true) -> [Int] {
        switch scheme {
        case .bytePairs(let pairs): pairs.encode(text)
        case .sentencePieces(let pieces): pieces.encode(text, isBeginning: isBeginning)
        }
    }

    /// The text of tokens; special ones have none, and bytes that are not UTF-8 become U+FFFD.
    public func decode(_ tokens: [Int]) -> String {
        let bytes = tokens.flatMap { token -> [UInt8] in
            switch scheme {
            case .bytePairs(let pairs): pairs.bytes(of: token)
            case .sentencePieces(let pieces): pieces.bytes(of: token)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The number of a special token, such as `<|im_start|>`; `nil` where the model has none of this name.
    public func special(_ name: String) -> Int? { vocabulary.special[name] }
}

/// The tokens of a model: what each is written like, and what it is for.
public struct Vocabulary: Sendable {
    /// As GGUF numbers them.
    enum Kind: Int, Sendable {
        case normal = 1
        case unknown = 2
        case control = 3
        case userDefined = 4
        case unused = 5
        case byte = 6
    }

    public let tokens: [String]
    let kinds: [Kind]
    /// Control and user-defined tokens by name.
    let special: [String: Int]
    /// What a conversation begins with, where the model wants that.
    public let beginning: Int?
    /// What ends an answer.
    public let end: Int?

    public var count: Int { tokens.count }

    /// Whether a token is a mark of the conversation rather than text.
    public func isControl(_ token: Int) -> Bool { token == end || (kinds.indices.contains(token) && kinds[token] == .control) }

    init(_ file: GGUFFile) throws(ModelError) {
        let tokensKey = "tokenizer.ggml.tokens", kindsKey = "tokenizer.ggml.token_type"
        tokens = try file.strings(tokensKey)
        guard !tokens.isEmpty else { throw file.wrong(tokensKey, "it is empty") }
        if let values = file[kindsKey]?.array {
            kinds = values.compactMap { $0.integer.flatMap(Kind.init) }
            guard kinds.count == values.count, kinds.count == tokens.count else {
                throw file.wrong(kindsKey, "it must give each of the \(tokens.count) tokens a type from 1 to 6")
            }
        } else {
            kinds = Array(repeating: .normal, count: tokens.count)
        }
        var special: [String: Int] = [:]
        for (id, kind) in kinds.enumerated() where kind == .control || kind == .userDefined { special[tokens[id]] = id }
        self.special = special
        let count = tokens.count
        func id(_ name: String) throws(ModelError) -> Int? {
            guard file["tokenizer.ggml.\(name)"] != nil else { return nil }
            let id = try file.integer("tokenizer.ggml.\(name)")
            guard (0..<count).contains(id) else { throw file.wrong("tokenizer.ggml.\(name)", "it is \(id); there are \(count) tokens") }
            return id
        }
        let begins: Bool
        if case .bool(let flag)? = file["tokenizer.ggml.add_bos_token"] {
            begins = flag
        } else {
            // Llama 2's and 3's texts begin with it; files of Llama 3 do not always say so.
            begins = file["tokenizer.ggml.model"]?.string == "llama" || file["tokenizer.ggml.pre"]?.string == "llama-bpe"
        }
        let first = try id("bos_token_id")
        beginning = begins ? first : nil
        end = try id("eos_token_id")
    }
}

extension GGUFFile {
    func strings(_ key: String) throws(ModelError) -> [String] {
        guard let values = self[key]?.array else { throw wrong(key, "this list of texts is missing") }
        let strings = values.compactMap(\.string)
        guard strings.count == values.count else { throw wrong(key, "it must be a list of texts") }
        return strings
    }
}
