// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor

/// A language model of one layer, width 16, 256 bytes and two special tokens; its weights are invented, so what it says means nothing.
package enum TinyLanguage {
    package static let width = 16

    /// The GGUF file.
    /// - Parameters:
    ///   - special: its special tokens, the last of which ends an answer.
    ///   - chat: its own template of a chat.
    package static func encoded(context: Int = 600, special: [String] = ["<|im_start|>", "<|im_end|>"], chat: String? = nil, syllables: Bool = false) -> [UInt8] {
        var writer = GGUFWriter(architecture: "llama")
        for (key, value) in [("block_count", 1), ("context_length", context), ("embedding_length", 16), ("feed_forward_length", 32), ("attention.head_count", 2)] {
            writer.set("llama." + key, .uint32(UInt32(value)))
        }
        writer.set("llama.attention.layer_norm_rms_epsilon", .float32(1e-5))
        // The letters that stand for bytes: printable ones for themselves, the others from U+0100 on.
        var next: UInt32 = 256
        let bytes = (UInt32(0)..<256).map { byte -> String in
            let printable = (33...126).contains(byte) || (161...172).contains(byte) || byte >= 174
            defer { next += printable ? 0 : 1 }
            return String(Unicode.Scalar(printable ? byte : next)!)
        }
        writer.set("tokenizer.ggml.model", .string("gpt2"))
        writer.set("tokenizer.ggml.pre", .string("smollm"))
        // " bado" and the like are two tokens then.
        let pairs = "bd".flatMap { c in "aeiou".map { v in (c, v) } }
        let merges = syllables ? "bd".map { "Ġ \($0)" } + pairs.map { "Ġ\($0) \($1)" } + pairs.map { "\($0) \($1)" } : []
        let tokens = bytes + special + merges.map { $0.replacing(" ", with: "") }, vocabulary = tokens.count, controls = 256..<256 + special.count
        writer.set("tokenizer.ggml.tokens", .array(tokens.map { .string($0) }))
        writer.set("tokenizer.ggml.token_type", .array((0..<vocabulary).map { .int32(controls.contains($0) ? 3 : 1) }))
        writer.set("tokenizer.ggml.merges", .array(merges.map { .string($0) }))
        writer.set("tokenizer.ggml.eos_token_id", .uint32(UInt32(controls.upperBound - 1)))
        if let chat { writer.set("tokenizer.chat_template", .string(chat)) }
        var numbers = Numbers()
        func add(_ name: String, _ rows: Int, _ columns: Int) {
            writer.add(tensor: name, shape: [rows, columns], values: numbers.draw(rows * columns), as: .f32)
        }
        add("token_embd.weight", vocabulary, 16)
        for name in ["attn_q", "attn_k", "attn_v", "attn_output"] { add("blk.0.\(name).weight", 16, 16) }
        for name in ["ffn_gate", "ffn_up"] { add("blk.0.\(name).weight", 32, 16) }
        add("blk.0.ffn_down.weight", 16, 32)
        for name in ["blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"] {
            writer.add(tensor: name + ".weight", shape: [16], values: (0..<16).map { 1 + 0.05 * Float($0) }, as: .f32)
        }
        return writer.encoded()
    }

    package static func open(_ bytes: [UInt8] = encoded()) throws -> GGUFShards {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("lcl-\(UUID().uuidString).gguf")
        defer { try? FileManager.default.removeItem(at: path) }
        try Data(bytes).write(to: path)
        return try GGUFShards(path: path.path)
    }
}
