// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// The shape of a language model of the Llama family (Touvron et al., arXiv 2302.13971), from a GGUF file's metadata.
public struct LanguageConfiguration: Equatable, Sendable {
    public enum Architecture: String, Sendable, CaseIterable {
        /// Rotary pairs (2i, 2i + 1), as the file's weights are permuted.
        case llama
        /// Rotary pairs (i, i + half), and biases on queries, keys and values.
        case qwen2
    }

    public let architecture: Architecture
    public let layers: Int
    /// Width of the residual stream.
    public let width: Int
    public let feedForward: Int
    public let heads: AttentionHeads
    public let vocabulary: Int
    /// Positions that the model was trained for.
    public let context: Int
    public let epsilon: Float
    /// Radians per position of each rotary pair.
    public let frequencies: [Float]
    /// What their sines and cosines are multiplied by; not 1 with YaRN alone.
    public let rotationMagnitude: Float

    /// - Throws: ``ModelError``: `unsupported` or `wrongContent`.
    public init(_ shards: GGUFShards) throws(ModelError) {
        let file = shards.first
        let name = try file.string("general.architecture")
        guard let architecture = Architecture(rawValue: name) else {
            throw ModelError(
                .unsupported, file: file.path, item: "general.architecture",
                "'\(name)' is none of \(Architecture.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        self.architecture = architecture
        func size(_ key: String, _ range: ClosedRange<Int>, or standard: Int? = nil) throws(ModelError) -> Int {
            if file["\(name).\(key)"] == nil, let standard { return standard }
            let value = try file.integer("\(name).\(key)")
            guard range.contains(value) else { throw file.wrong("\(name).\(key)", "it is \(value); it must be from \(range.lowerBound) to \(range.upperBound)") }
            return value
        }
        layers = try size("block_count", 1...1024)
        width = try size("embedding_length", 16...65_536)
        feedForward = try size("feed_forward_length", 16...1_048_576)
        context = try size("context_length", 1...(1 << 24))
        let queryHeads = try size("attention.head_count", 1...4096)
        let memoryHeads = try size("attention.head_count_kv", 1...4096, or: queryHeads)
        let headSize = try size("attention.key_length", 8...4096, or: width / queryHeads)
        guard try size("attention.value_length", 8...4096, or: headSize) == headSize else {
            throw ModelError(.unsupported, file: file.path, item: "\(name).attention.value_length", "keys and values of different lengths are not read")
        }
        guard width % 16 == 0, feedForward % 16 == 0, headSize > 0, headSize % 8 == 0, queryHeads % memoryHeads == 0 else {
            throw ModelError(
                .unsupported, file: file.path,
                "\(queryHeads) heads of \(headSize) over \(memoryHeads), width \(width), feed-forward \(feedForward): heads must be a multiple of"
                    + " key heads, their size of 8, the widths of 16")
        }
        heads = AttentionHeads(queryHeads: queryHeads, memoryHeads: memoryHeads, size: headSize)
        epsilon = try file.float("\(name).attention.layer_norm_rms_epsilon")
        guard epsilon > 0, epsilon < 1 else { throw file.wrong("\(name).attention.layer_norm_rms_epsilon", "it is \(epsilon)") }
        guard let embedding = shards.tensor("token_embd.weight"), embedding.shape.count == 2, embedding.shape[1] == width else {
            throw file.wrong("token_embd.weight", "a matrix of \(width) columns is needed")
        }
        vocabulary = embedding.shape[0]
        let angles = try RotaryAngles(shards, name, headSize: headSize, context: context)
        (frequencies, rotationMagnitude) = (angles.frequencies, angles.magnitude)
    }
}
