// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// The weights of a vision transformer, matrices in the mapping of its file; only norms, biases and positions are copied.
struct VisionWeights: Sendable {
    struct Layer: Sendable {
        let norm: LayerNorm
        /// [width x width] each
        let query, key, value, output: StoredLinear
        let feedForwardNorm: LayerNorm
        /// [feedForward x width], [width x feedForward]
        let up, down: StoredLinear
    }

    /// [width x 3 * patch * patch], a patch as `[colour][row][column]`
    let patches: StoredLinear
    /// [width], before the patches; CLIP has it, SigLIP not
    let classToken: [Float]?
    /// [class token and patches x width]
    let positions: Matrix
    let before: LayerNorm?
    /// As many as the projected hidden state needs.
    let layers: [Layer]
    let after: LayerNorm?

    /// - Throws: ``ModelError/Kind/wrongContent`` where a tensor is missing or of the wrong shape.
    init(_ file: GGUFFile, _ shape: VisionConfiguration) throws(ModelError) {
        let width = shape.width, pixels = 3 * shape.patch * shape.patch, count = shape.grid * shape.grid
        func norm(_ name: String) throws(ModelError) -> LayerNorm {
            LayerNorm(
                weight: try file.floats(tensor: name + ".weight", shape: [width]), bias: try file.floats(tensor: name + ".bias", shape: [width]),
                epsilon: shape.epsilon)
        }
        patches = StoredLinear(
            try file.stored("v.patch_embd.weight", rows: width, columns: pixels, shape: [width, 3, shape.patch, shape.patch]),
            bias: try file.optionalFloats("v.patch_embd.bias", count: width))
        classToken = try file.optionalFloats("v.class_embd", count: width)
        let rows = count + (classToken == nil ? 0 : 1)
        positions = Matrix(rows: rows, columns: width, try file.floats(tensor: "v.position_embd.weight", shape: [rows, width]))
        before = file.tensor("v.pre_ln.weight") == nil ? nil : try norm("v.pre_ln")
        after = shape.projector == .idefics3 ? try norm("v.post_ln") : nil
        let exchanged = try Self.exchangesFeedForward(file, shape)
        var layers: [Layer] = []
        for index in 0..<(try Self.depth(file, shape)) {
            let block = "v.blk.\(index)."
            func linear(_ name: String, _ rows: Int, _ columns: Int) throws(ModelError) -> StoredLinear {
                StoredLinear(
                    try file.stored(block + name + ".weight", rows: rows, columns: columns), bias: try file.optionalFloats(block + name + ".bias", count: rows))
            }
            layers.append(
                Layer(
                    norm: try norm(block + "ln1"), query: try linear("attn_q", width, width), key: try linear("attn_k", width, width),
                    value: try linear("attn_v", width, width), output: try linear("attn_out", width, width),
                    feedForwardNorm: try norm(block + "ln2"), up: try linear(exchanged ? "ffn_down" : "ffn_up", shape.feedForward, width),
                    down: try linear(exchanged ? "ffn_up" : "ffn_down", width, shape.feedForward)))
        }
        self.layers = layers
    }

    /// llama.cpp's older converter calls the first matrix `ffn_down` and the second `ffn_up`: the shape tells, and where both are
    /// square, a key that only this converter wrote.
    private static func exchangesFeedForward(_ file: GGUFFile, _ shape: VisionConfiguration) throws(ModelError) -> Bool {
        guard let down = file.tensor("v.blk.0.ffn_down.weight") else { return false }
        if shape.feedForward == shape.width { return file["clip.has_llava_projector"] != nil }
        return down.shape == [shape.feedForward, shape.width]
    }

    /// Blocks to run: up to the hidden state that the projector reads.
    ///
    /// LLaVA reads the last but one. Its files mostly lack the last block, some also count it, and few say which state is read. An encoder is
    /// taken for whole where it has its closing norm, or as many blocks as CLIP's have.
    private static func depth(_ file: GGUFFile, _ shape: VisionConfiguration) throws(ModelError) -> Int {
        var present = 0
        while file.tensor("v.blk.\(present).ln1.weight") != nil { present += 1 }
        let slack = shape.projector == .mlp ? 1 : 0
        guard abs(present - shape.blocks) <= slack else {
            throw file.wrong("v.blk.\(present).ln1.weight", "the file says that it has \(shape.blocks) blocks, but holds \(present)")
        }
        let isWhole = present == shape.blocks && (file.tensor("v.post_ln.weight") != nil || [12, 24, 32, 40, 48].contains(present))
        let depth = shape.featureLayer ?? (shape.projector == .mlp && isWhole ? present - 1 : min(present, shape.blocks))
        guard depth <= present else {
            throw file.wrong("clip.vision.feature_layer", "the state after \(depth) blocks is wanted; the file holds \(present)")
        }
        return depth
    }
}

extension GGUFFile {
    /// A vector as floats, copied; `nil` where the file has none.
    func optionalFloats(_ name: String, count: Int) throws(ModelError) -> [Float]? {
        tensor(name) == nil ? nil : try floats(tensor: name, shape: [count])
    }
}
