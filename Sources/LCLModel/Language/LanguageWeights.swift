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

    /// - Throws: ``ModelError/Kind/wrongContent`` where a tensor is missing, of the wrong shape, or left over; or of `adapter`.
    init(_ file: GGUFShards, _ shape: LanguageConfiguration, adapter: LanguageAdapter? = nil) throws(ModelError) {
        let queries = shape.heads.queryHeads * shape.heads.size, memory = shape.heads.memoryHeads * shape.heads.size
        embedding = try file.stored("token_embd.weight", rows: shape.vocabulary, columns: shape.width)
        norm = try file.floats("output_norm.weight", count: shape.width)
        head = StoredLinear(
            file.tensor("output.weight") == nil
                ? embedding : try file.stored("output.weight", rows: shape.vocabulary, columns: shape.width))
        var layers: [Layer] = [], names: Set<String> = []
        for index in 0..<shape.layers {
            func linear(_ name: String, _ rows: Int, _ columns: Int) throws(ModelError) -> AdaptedLinear {
                let name = "blk.\(index).\(name)"
                let bias = file.tensor(name + ".bias") == nil ? nil : try file.floats(name + ".bias", count: rows)
                names.insert(name + ".weight")
                return AdaptedLinear(
                    stored: StoredLinear(try file.stored(name + ".weight", rows: rows, columns: columns), bias: bias),
                    term: try adapter?.term(name + ".weight", outputs: rows, inputs: columns))
            }
            layers.append(
                Layer(
                    attentionNorm: try file.floats("blk.\(index).attn_norm.weight", count: shape.width),
                    query: try linear("attn_q", queries, shape.width), key: try linear("attn_k", memory, shape.width),
                    value: try linear("attn_v", memory, shape.width), output: try linear("attn_output", shape.width, queries),
                    feedForwardNorm: try file.floats("blk.\(index).ffn_norm.weight", count: shape.width),
                    gate: try linear("ffn_gate", shape.feedForward, shape.width), up: try linear("ffn_up", shape.feedForward, shape.width),
                    down: try linear("ffn_down", shape.width, shape.feedForward)))
        }
        self.layers = layers
        try adapter?.checkAll(used: names)
        if let extra = file.tensorNames.first(where: { $0.hasPrefix("blk.\(shape.layers).") }) {
            throw file.first.wrong(extra, "the file says that it has \(shape.layers) blocks, but holds more")
        }
    }
}
