// SPDX-License-Identifier: Apache-2.0
import FuzzTargets
import LCLLink
import LCLModel
import Testing

/// Good model files with one thing wrong: each is refused by the loader that it is for, with the name of what is wrong.
@Suite struct KnownBadModelTests {
    struct Bad: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var base: LooseGGUF
        /// What the error must name; `nil` where it names several things.
        var item: String?
        var spoil: @Sendable (inout LooseGGUF) -> Void

        init(_ description: String, _ base: LooseGGUF, item: String?, _ spoil: @escaping @Sendable (inout LooseGGUF) -> Void) {
            (testDescription, self.base, self.item, self.spoil) = (description, base, item, spoil)
        }

        /// The key has another value.
        static func key(_ key: String, _ value: GGUFValue, in base: LooseGGUF) -> Bad {
            Bad("\(key) is \(value)", base, item: key) { $0.set(key, value) }
        }

        /// The tensor has a row more than the network wants, with numbers for it.
        static func shape(_ name: String, in base: LooseGGUF) -> Bad {
            Bad("\(name) has another shape", base, item: name) { file in
                let index = file.tensors.firstIndex { $0.name == name }!
                let row = file.tensors[index].bytes.count / Int(file.tensors[index].sides.last!)
                file.tensors[index].sides[file.tensors[index].sides.count - 1] += 1
                file.tensors[index].bytes += [UInt8](repeating: 0, count: row)
            }
        }

        static func missing(_ name: String, in base: LooseGGUF) -> Bad {
            Bad("\(name) is missing", base, item: name) { file in file.tensors.removeAll { $0.name == name } }
        }
    }

    static func file(_ bad: Bad) throws -> GGUFFile {
        var file = bad.base
        bad.spoil(&file)
        return try GGUFFile(copying: file.encoded(), path: "bad.gguf")
    }

    private func refuses(_ bad: Bad, _ load: (GGUFFile) throws -> Void) throws {
        let file = try Self.file(bad)
        let error = try #require(throws: ModelError.self) { try load(file) }
        #expect(error.kind == .wrongContent || error.kind == .unsupported)
        if let item = bad.item { #expect(error.item == item, "\(error)") }
    }

    static let language: [Bad] = {
        let llama = ModelRecipe.llama, qwen2 = ModelRecipe.qwen2
        let sizes = ["block_count", "embedding_length", "feed_forward_length", "context_length", "attention.head_count", "attention.head_count_kv"]
        return sizes.flatMap { name in [0, .max].map { Bad.key("llama.\(name)", .uint32($0), in: llama) } }
            + [
                .key("general.architecture", .string("mamba"), in: llama), .key("llama.block_count", .string("1"), in: llama),
                Bad("heads of no size", llama, item: nil) { $0.set("llama.attention.head_count", .uint32(4096)) },
                Bad("more blocks than tensors", llama, item: "blk.1.attn_norm.weight") { $0.set("llama.block_count", .uint32(2)) },
                Bad("more tensors than blocks", llama, item: "blk.1.attn_q.weight") { $0.add("blk.1.attn_q.weight", [16, 16]) },
                Bad("angles that fill the memory", llama, item: "llama.context_length") { $0.set("llama.context_length", .uint32(1 << 24)) },
                .key("llama.attention.layer_norm_rms_epsilon", .float32(.nan), in: llama), .key("llama.rope.freq_base", .float32(0), in: llama),
                .key("llama.rope.dimension_count", .uint32(9), in: llama), .key("llama.rope.scaling.type", .string("longrope"), in: llama),
                .key("llama.attention.value_length", .uint32(16), in: llama), .missing("token_embd.weight", in: llama),
                .shape("blk.0.attn_q.bias", in: qwen2),
            ]
            + ["output_norm.weight", "blk.0.attn_norm.weight", "blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight", "blk.0.attn_output.weight",
                "blk.0.ffn_norm.weight", "blk.0.ffn_gate.weight", "blk.0.ffn_up.weight", "blk.0.ffn_down.weight"].flatMap { name in
                [Bad.missing(name, in: llama), .shape(name, in: llama)]
            }
    }()

    @Test(arguments: language) func languageModel_isRefused(_ bad: Bad) throws {
        try refuses(bad) { _ = try LanguageModel(GGUFShards(files: [$0])) }
    }

    static let tokenizers: [Bad] = {
        let llama = ModelRecipe.llama, qwen2 = ModelRecipe.qwen2
        func token(_ index: Int, _ text: String) -> Bad {
            Bad("token \(index) is \(text.debugDescription)", llama, item: "tokenizer.ggml.tokens") { file in
                var tokens = file.metadata.first { $0.key == "tokenizer.ggml.tokens" }!.value.array!
                tokens[index] = .string(text)
                file.set("tokenizer.ggml.tokens", .array(tokens))
            }
        }
        return ["<0x-1>", "<0x+A>", "<0x1>", "<0x100>", "<0xGG>", "", "<0x0B>"].map { token(13, $0) } + [
            .key("tokenizer.ggml.scores", .array([.float32(0)]), in: llama), .key("tokenizer.ggml.scores", .array([]), in: llama),
            .key("tokenizer.ggml.token_type", .array([.int32(1)]), in: llama), .key("tokenizer.ggml.tokens", .array([]), in: llama),
            .key("tokenizer.ggml.bos_token_id", .uint32(264), in: llama), .key("tokenizer.ggml.eos_token_id", .int32(-1), in: llama),
            .key("tokenizer.ggml.merges", .array([.string("zzz zzz")]), in: qwen2), .key("tokenizer.ggml.merges", .array([.string("ca")]), in: qwen2),
            .key("tokenizer.ggml.merges", .array([.string(" ")]), in: qwen2), .key("tokenizer.ggml.pre", .string("x"), in: qwen2),
        ]
    }()

    @Test(arguments: tokenizers) func tokenizer_isRefused(_ bad: Bad) throws {
        try refuses(bad) { _ = try Tokenizer($0) }
    }

    static let vision: [Bad] = {
        let clip = ModelRecipe.clip, siglip = ModelRecipe.siglip
        let sizes = ["image_size", "patch_size", "embedding_length", "feed_forward_length", "block_count", "attention.head_count"]
        return sizes.flatMap { name in [0, .max].map { Bad.key("clip.vision.\(name)", .uint32($0), in: clip) } }
            + ["image_mean", "image_std"].flatMap { name in
                [[], [0.5, 0.5], [0.5, 0.5, .nan], [0.5, 0.5, 0.5, 0.5]].map { values in
                    Bad.key("clip.vision.\(name)", .array(values.map { .float32($0) }), in: clip)
                }
            }
            + [
                .key("clip.vision.image_std", .array([.float32(1), .float32(0), .float32(1)]), in: clip),
                .key("clip.vision.feature_layer", .int32(3), in: clip), .key("clip.vision.feature_layer", .array([]), in: clip),
                .key("clip.projector_type", .string("resampler"), in: clip), .key("clip.vision.projector.scale_factor", .uint32(0), in: siglip),
                .key("clip.vision.preproc_image_size", .uint32(0), in: siglip), .key("clip.vision.attention.layer_norm_epsilon", .float32(0), in: clip),
                Bad("patches that do not fill the side", clip, item: nil) { $0.set("clip.vision.patch_size", .uint32(3)) },
                Bad("more blocks than tensors", siglip, item: "v.blk.1.ln1.weight") { $0.set("clip.vision.block_count", .uint32(2)) },
                .missing("mm.0.weight", in: clip), .missing("v.post_ln.weight", in: siglip), .missing("mm.model.fc.weight", in: siglip),
            ]
            + ["v.patch_embd.weight", "v.class_embd", "v.position_embd.weight", "v.pre_ln.bias", "v.blk.0.ln2.weight", "v.blk.0.attn_out.weight",
                "v.blk.0.ffn_up.weight", "v.blk.0.ffn_down.weight", "mm.0.weight"].map { .shape($0, in: clip) }
    }()

    @Test(arguments: vision) func visionModel_isRefused(_ bad: Bad) throws {
        // Where the first matrix is not as expected, it may be the second of a file with exchanged names.
        try refuses(bad.testDescription.contains("ffn_") ? Bad(bad.testDescription, bad.base, item: nil, bad.spoil) : bad) { _ = try VisionModel($0) }
    }

    @Test(arguments: [
        ("lcl-link.training.classes", GGUFValue.int32(-1)), ("lcl-link.training.pictures", .uint64(1 << 40)), ("lcl-link.taps", .string("\n")),
        ("lcl-link.taps", .string("d11.max\nd11.max")), ("lcl-link.version", .uint32(2)), ("lcl-link.closer.taps", .string("d11.max")), ("lcl-link.closer.temperature", .float32(0)), ("lcl-link.metric.temperature", .float32(0)),
        ("lcl-link.metric.unknown.reach", .float32(.infinity)),
    ])
    func linkFile_isRefused(_ key: String, _ value: GGUFValue) throws {
        let file = try Self.file(.key(key, value, in: ModelRecipe.link))
        #expect(throws: LinkError.self) { try LinkFile(gguf: file) }
    }

    @Test func linkFile_isRefused_whenHalfPrecisionCannotHoldItsMap() throws {
        let bad = Bad("large", ModelRecipe.link, item: nil) { file in
            let index = file.tensors.firstIndex { $0.name == "d11.max.map" }!
            file.tensors[index].bytes.replaceSubrange(0..<4, with: withUnsafeBytes(of: Float(1e5).bitPattern.littleEndian) { [UInt8]($0) })
        }
        let file = try Self.file(bad)
        #expect(throws: LinkError.self) { try LinkFile(gguf: file) }
    }

    @Test func goodFiles_areLoaded() throws {
        for base in [ModelRecipe.llama, ModelRecipe.qwen2] {
            let file = try GGUFFile(copying: base.encoded(), path: "good.gguf")
            _ = try (LanguageModel(GGUFShards(files: [file])), Tokenizer(file))
        }
        for base in [ModelRecipe.clip, ModelRecipe.siglip] { _ = try VisionModel(GGUFFile(copying: base.encoded(), path: "good.gguf")) }
        #expect(try LinkFile(gguf: GGUFFile(copying: ModelRecipe.link.encoded(), path: "good.gguf")).methods.count == 2)
    }
}
