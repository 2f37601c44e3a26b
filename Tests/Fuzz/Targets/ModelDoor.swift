// SPDX-License-Identifier: Apache-2.0
import LCLModel

/// A good model file with up to eight things wrong, each chosen by the input: deeper than a random file gets.
final class ModelDoor: FuzzDoor {
    private let gguf = GGUFDoor()

    func check(_ input: [UInt8]) throws {
        var choices = FuzzInput(input)
        var file = choices.pick(ModelRecipe.all)
        for _ in 0..<8 where !choices.isEmpty { Self.spoil(&file, &choices) }
        try gguf.check(file.encoded())
    }

    private static func spoil(_ file: inout LooseGGUF, _ choices: inout FuzzInput) {
        switch choices.below(10) {
        case 0, 1, 2: spoilValue(&file, &choices)
        case 3: file.metadata.append((choices.pick(optionalKeys), value(&choices)))
        case 4: if !file.metadata.isEmpty { file.metadata.remove(at: choices.below(file.metadata.count)) }
        case 5, 6: spoilElement(&file, &choices)
        default: spoilTensor(&file, &choices)
        }
    }

    private static let optionalKeys = [
        "general.alignment", "split.count", "split.no", "split.tensors.count", "llama.attention.key_length", "llama.attention.value_length",
        "llama.rope.dimension_count", "llama.rope.scaling.type", "llama.rope.scaling.factor", "qwen2.rope.scaling.type",
        "qwen2.rope.scaling.factor", "tokenizer.ggml.pre", "tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_space_prefix",
        "clip.vision.feature_layer", "clip.vision.image_aspect_ratio", "clip.vision.preproc_image_size", "clip.use_silu", "clip.has_llava_projector",
    ]

    private static func spoilValue(_ file: inout LooseGGUF, _ choices: inout FuzzInput) {
        guard !file.metadata.isEmpty else { return }
        let index = choices.below(file.metadata.count)
        file.metadata[index].value = value(&choices)
    }

    /// One element of a list, such as a token's text, kind or score.
    private static func spoilElement(_ file: inout LooseGGUF, _ choices: inout FuzzInput) {
        let lists = file.metadata.indices.filter { file.metadata[$0].value.array?.isEmpty == false }
        guard !lists.isEmpty else { return spoilValue(&file, &choices) }
        let index = choices.pick(Array(lists))
        guard case .array(var values) = file.metadata[index].value else { return }
        let element = choices.below(values.count)
        switch choices.below(4) {
        case 0: values.remove(at: element)
        case 1: values.append(values[element])
        case 2: values[element] = scalar(&choices)
        default: values[element] = values[element].string == nil ? scalar(&choices) : .string(choices.pick(texts))
        }
        file.metadata[index].value = .array(values)
    }

    private static func spoilTensor(_ file: inout LooseGGUF, _ choices: inout FuzzInput) {
        guard !file.tensors.isEmpty else { return }
        let index = choices.below(file.tensors.count)
        switch choices.below(8) {
        case 0: file.tensors.remove(at: index)
        case 1: file.tensors[index].name = choices.pick(file.tensors).name
        case 2: file.tensors[index].name = choices.pick(["output.weight", "rope_freqs.weight", "blk.1.attn_q.weight", "blk.0.attn_output.bias", ""])
        case 3: file.tensors[index].sides = (0..<choices.below(5)).map { _ in side(&choices) }
        case 4: if !file.tensors[index].sides.isEmpty { file.tensors[index].sides[choices.below(file.tensors[index].sides.count)] = side(&choices) }
        case 5: file.tensors[index].type = UInt32(choices.below(32))
        case 6: file.tensors[index].offset = choices.word()
        default:
            let bits = choices.pick([Float.nan, .infinity, -.infinity, 3e38, -1, 0, 1e-30]).bitPattern
            let bytes = withUnsafeBytes(of: bits.littleEndian) { [UInt8]($0) }
            file.tensors[index].bytes = file.tensors[index].bytes.indices.map { bytes[$0 % 4] }
        }
    }

    private static func side(_ choices: inout FuzzInput) -> UInt64 {
        choices.bool() ? UInt64(choices.byte()) : choices.pick([0, 1, 8, 16, 256, 1 << 31, 1 << 32, 1 << 62, 1 << 63, .max])
    }

    private static func value(_ choices: inout FuzzInput) -> GGUFValue {
        guard choices.below(4) == 0 else { return scalar(&choices) }
        let first = scalar(&choices)
        return .array((0..<choices.below(6)).map { _ in first })
    }

    private static func scalar(_ choices: inout FuzzInput) -> GGUFValue {
        switch choices.below(8) {
        case 0: .uint32(UInt32(choices.below(300)))
        case 1: .uint32(choices.pick([0, 1, 7, 8, 13, 16, 1 << 16, 1 << 20, 1 << 24, 1 << 31, .max]))
        case 2: .int64(Int64(bitPattern: choices.word()))
        case 3: .float32(choices.pick([0, -1, 1, 1e-30, 1e38, .nan, .infinity, 0.5, 2]))
        case 4: .string(choices.pick(texts))
        case 5: .bool(choices.bool())
        case 6: .int32(Int32(choices.below(16)) - 4)
        default: .uint64(choices.word())
        }
    }

    private static let texts = [
        "", " ", "a", "<0x-1>", "<0x+A>", "<0x0A>", "<0xFF>", "<0xGG>", "<s>", "\u{2581}", "a b", "a b c", "\u{301}", "e\u{301}", "é", "llama",
        "qwen2", "gpt2", "gpt-2", "smollm", "llama-bpe", "none", "linear", "llama3", "yarn", "d11.max", "\n", "d11.max\nd11.max", "head.mean", "mlp", "idefics3", "pad", "square", "😀",
    ]
}
