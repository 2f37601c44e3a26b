// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel

/// Any text, by the small vocabularies that the tokenizer's own tests use: its first byte chooses one.
final class TextDoor: FuzzDoor {
    private static let names = ["gpt2", "llama3", "sentencepiece", "smollm", "qwen2"]
    private let tokenizers: [(name: String, tokenizer: Tokenizer)]

    init() throws {
        let goldens = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../LCLModelTests/Goldens").standardized
        tokenizers = try Self.names.map { name in
            (name, try Tokenizer(GGUFFile(path: goldens.appending(path: "tokenizer-\(name).gguf").path)))
        }
    }

    func check(_ input: [UInt8]) throws {
        let (name, tokenizer) = tokenizers[Int(input.first ?? 0) % tokenizers.count]
        let text = String(decoding: input.dropFirst(), as: UTF8.self)
        try tokenizer.checkTokens(of: text)
        let back = tokenizer.decode(tokenizer.encode(text, isBeginning: false))
        switch name {
        case "gpt2", "llama3": try require(back.utf8.elementsEqual(text.utf8), "text comes back as it was")
        case "sentencepiece": try require(back.utf8.elementsEqual(Self.spaced(text).utf8), "text comes back, with its spaces")
        // SmolLM2 has no token for some bytes; Qwen2 composes.
        default: break
        }
    }

    /// U+2581 is how SentencePiece writes a space.
    private static func spaced(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\u{2581}" ? " " : $0 }))
    }
}
