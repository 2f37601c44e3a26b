// SPDX-License-Identifier: Apache-2.0
import LCLModel

/// Small good model files, to be spoiled.
package enum ModelRecipe {
    package static let llama = makeLlama(), qwen2 = makeQwen2(), link = makeLink(), clip = makeVision("mlp"), siglip = makeVision("idefics3")
    static let all = [llama, qwen2, link, clip, siglip]

    /// 8 wide heads, one block, a vocabulary of SentencePiece's kind with all bytes.
    private static func makeLlama() -> LooseGGUF {
        var file = language("llama", vocabulary: 264, biases: false)
        let bytes = (0..<256).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return "<0x\(byte < 16 ? "0" : "")\(digits)>"
        }
        let tokens = ["<unk>", "<s>", "</s>"] + bytes + ["\u{2581}", "a", "\u{2581}a", "cat", "ca"]
        let kinds = [2, 3, 3] + bytes.map { _ in 6 } + [1, 1, 1, 1, 1]
        file.set("tokenizer.ggml.model", .string("llama"))
        file.set("tokenizer.ggml.tokens", .array(tokens.map(GGUFValue.string)))
        file.set("tokenizer.ggml.token_type", .array(kinds.map { .int32(Int32($0)) }))
        file.set("tokenizer.ggml.scores", .array(tokens.indices.map { .float32(-Float($0)) }))
        file.set("tokenizer.ggml.bos_token_id", .uint32(1))
        file.set("tokenizer.ggml.eos_token_id", .uint32(2))
        return file
    }

    /// With biases, and a vocabulary of byte pairs.
    private static func makeQwen2() -> LooseGGUF {
        var file = language("qwen2", vocabulary: 100, biases: true)
        let ascii = (33...126).map { String(UnicodeScalar($0)) }
        let tokens = ascii + ["\u{120}", "\u{10A}", "\u{120}a", "ca", "cat", "<|end|>"]
        file.set("tokenizer.ggml.model", .string("gpt2"))
        file.set("tokenizer.ggml.pre", .string("qwen2"))
        file.set("tokenizer.ggml.tokens", .array(tokens.map(GGUFValue.string)))
        file.set("tokenizer.ggml.token_type", .array(tokens.indices.map { .int32($0 == tokens.count - 1 ? 3 : 1) }))
        file.set("tokenizer.ggml.merges", .array(["\u{120} a", "c a", "ca t"].map(GGUFValue.string)))
        file.set("tokenizer.ggml.eos_token_id", .uint32(99))
        return file
    }

    private static func language(_ name: String, vocabulary: Int, biases: Bool) -> LooseGGUF {
        var file = LooseGGUF()
        let width = 16
        file.set("general.architecture", .string(name))
        for (key, value) in [("block_count", 1), ("embedding_length", width), ("feed_forward_length", width), ("context_length", 32),
            ("attention.head_count", 2), ("attention.head_count_kv", 1)] {
            file.set("\(name).\(key)", .uint32(UInt32(value)))
        }
        file.set("\(name).attention.layer_norm_rms_epsilon", .float32(1e-5))
        file.set("\(name).rope.freq_base", .float32(10_000))
        file.add("token_embd.weight", [vocabulary, width])
        file.add("output_norm.weight", [width])
        for norm in ["attn_norm", "ffn_norm"] { file.add("blk.0.\(norm).weight", [width]) }
        for (linear, rows) in [("attn_q", width), ("attn_k", 8), ("attn_v", 8), ("attn_output", width), ("ffn_gate", width), ("ffn_up", width),
            ("ffn_down", width)] {
            file.add("blk.0.\(linear).weight", [rows, width])
            if biases, ["attn_q", "attn_k", "attn_v"].contains(linear) { file.add("blk.0.\(linear).bias", [rows]) }
        }
        return file
    }

    /// 4 patches of 4 pixels, one block and, for LLaVA's projector, a last one that it does not read.
    private static func makeVision(_ projector: String) -> LooseGGUF {
        var file = LooseGGUF()
        let width = 16, isCLIP = projector == "mlp"
        file.set("general.architecture", .string("clip"))
        file.set("clip.projector_type", .string(projector))
        file.set("clip.use_gelu", .bool(true))
        for (key, value) in [("image_size", 8), ("patch_size", 4), ("embedding_length", width), ("feed_forward_length", 32), ("block_count", 1),
            ("attention.head_count", 2), ("projector.scale_factor", 2)] {
            file.set("clip.vision.\(key)", .uint32(UInt32(value)))
        }
        file.set("clip.vision.attention.layer_norm_epsilon", .float32(1e-5))
        for key in ["image_mean", "image_std"] { file.set("clip.vision.\(key)", .array([.float32(0.5), .float32(0.4), .float32(0.3)])) }
        file.add("v.patch_embd.weight", [width, 3, 4, 4])
        if isCLIP { file.add("v.class_embd", [width]) }
        file.add("v.position_embd.weight", [isCLIP ? 5 : 4, width])
        for norm in [isCLIP ? "v.pre_ln" : "v.post_ln", "v.blk.0.ln1", "v.blk.0.ln2"] {
            file.add("\(norm).weight", [width])
            file.add("\(norm).bias", [width])
        }
        for linear in ["attn_q", "attn_k", "attn_v", "attn_out"] { file.add("v.blk.0.\(linear).weight", [width, width]) }
        file.add("v.blk.0.ffn_up.weight", [32, width])
        file.add("v.blk.0.ffn_down.weight", [width, 32])
        file.add(isCLIP ? "mm.0.weight" : "mm.model.fc.weight", [16, isCLIP ? width : 4 * width])
        return file
    }

    private static func makeLink() -> LooseGGUF {
        var file = LooseGGUF()
        file.set("general.architecture", .string("lcl-link"))
        file.set("lcl-link.version", .uint32(3))
        file.set("lcl-link.taps", .string("d11.max\nhead.mean"))
        file.set("lcl-link.closer.taps", .string("closer.d11.max"))
        for key in ["strategy", "engine", "encoder.sha256", "training.provenance"] { file.set("lcl-link.\(key)", .string("x")) }
        for key in ["classes", "pictures"] { file.set("lcl-link.training.\(key)", .uint32(3)) }
        file.set("lcl-link.training.shrinkage", .float32(0.1))
        for method in ["metric", "prototype", "closer"] {
            for key in ["temperature", "unknown.one_shot", "unknown.reach"] { file.set("lcl-link.\(method).\(key)", .float32(0.5)) }
        }
        for tap in ["d11.max", "head.mean", "closer.d11.max"] {
            file.add("\(tap).mean", [12])
            file.add("\(tap).map", [4, 12])
        }
        file.add("cohort", [3, 8])
        file.add("closer.cohort", [3, 4])
        return file
    }
}
