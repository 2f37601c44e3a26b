// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// The weights of a language model, in the mapping of its file; only norms and biases are copied.
struct LanguageWeights: Sendable {
    struct Layer: Sendable {
        /// [width]
        let attentionNorm: [Float]
        /// [queryHeads * size x width], [memoryHeads * size x width] twice, [width x queryHeads * size]
        let query, key, value, output: AdaptedLinear
        /// [width]
        let feedForwardNorm: [Float]
        /// [feedForward x width] twice, [width x feedForward]
        let gate, up, down: AdaptedLinear
    }

    /// [vocabulary x width]
    let embedding: StoredMatrix
    let layers: [Layer]
    /// [width]
    let norm: [Float]
    /// [vocabulary x width]; the embedding's where the file has none of its own.
    let head: StoredLinear

    /// Where a tensor would change what the network computes, by its beginning; others, such as `rope_freqs.weight`, are read elsewhere.
    private static let parts = ["blk.", "output", "token_embd", "position_embd"]

    /// - Throws: ``ModelError``: `wrongContent` where a tensor is missing or of the wrong shape; or of `adapter`; `unsupported` where one is left over.
    init(_ file: GGUFShards, _ shape: LanguageConfiguration, adapter: LanguageAdapter? = nil) throws(ModelError) {
        let queries = shape.heads.queryHeads * shape.heads.size, memory = shape.heads.memoryHeads * shape.heads.size
        embedding = try file.stored("token_embd.weight", rows: shape.vocabulary, columns: shape.width)
        norm = try file.floats("output_norm.weight", count: shape.width)
        head = StoredLinear(
            file.tensor("output.weight") == nil
                ? embedding : try file.stored("output.weight", rows: shape.vocabulary, columns: shape.width))
        var layers: [Layer] = [], names: Set<String> = [], vectors: Set = ["output_norm.weight"]
        for index in 0..<shape.layers {
            func norm(_ name: String) throws(ModelError) -> [Float] {
                let name = "blk.\(index).\(name).weight"
                vectors.insert(name)
                return try file.floats(name, count: shape.width)
            }
            func linear(_ name: String, _ rows: Int, _ columns: Int) throws(ModelError) -> AdaptedLinear {
                let name = "blk.\(index).\(name)"
                vectors.insert(name + ".bias")
                let bias = file.tensor(name + ".bias") == nil ? nil : try file.floats(name + ".bias", count: rows)
                names.insert(name + ".weight")
                return AdaptedLinear(
                    stored: StoredLinear(try file.stored(name + ".weight", rows: rows, columns: columns), bias: bias),
                    term: try adapter?.term(name + ".weight", outputs: rows, inputs: columns))
            }
            layers.append(
                Layer(
                    attentionNorm: try norm("attn_norm"),
                    query: try linear("attn_q", queries, shape.width), key: try linear("attn_k", memory, shape.width),
                    value: try linear("attn_v", memory, shape.width), output: try linear("attn_output", shape.width, queries),
                    feedForwardNorm: try norm("ffn_norm"),
                    gate: try linear("ffn_gate", shape.feedForward, shape.width), up: try linear("ffn_up", shape.feedForward, shape.width),
                    down: try linear("ffn_down", shape.width, shape.feedForward)))
        }
        self.layers = layers
        try adapter?.checkAll(used: names)
        let known = names.union(vectors).union(["token_embd.weight", "output.weight"])
        let extra = file.tensorNames.filter { name in
            // Frequencies that nobody ever read: those of `rope.*` count.
            Self.parts.contains { name.hasPrefix($0) } && !known.contains(name) && !name.contains(".attn_rot_embd.")
        }
        if let extra = extra.min() {
            throw ModelError(
                .unsupported, file: file.first.path, item: extra,
                "the network of '\(shape.architecture.rawValue)' with \(shape.layers) blocks has no use for it; without it the model would answer wrongly")
        }
    }
}
