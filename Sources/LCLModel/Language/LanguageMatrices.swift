// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// The weights of a language model as floats, once and for all: what gradients are computed with. They are never changed.
///
/// Takes four bytes a weight, where ``LanguageModel`` leaves the weights in their file.
public struct LanguageMatrices: Sendable {
    package struct Layer: Sendable {
        /// [width]
        package let attentionNorm, feedForwardNorm: [Float]
        /// [queryHeads * size x width], [memoryHeads * size x width] twice, [width x queryHeads * size]
        package let query, key, value, output: FrozenLinear
        /// [feedForward x width] twice, [width x feedForward]
        package let gate, up, down: FrozenLinear
    }

    public let configuration: LanguageConfiguration
    /// [vocabulary x width]
    package let embedding: Matrix
    package let layers: [Layer]
    /// [width]
    package let norm: [Float]
    /// [vocabulary x width]
    package let head: Matrix

    /// - Throws: ``ModelError``: `unsupported` or `wrongContent`.
    public init(_ file: GGUFShards) throws(ModelError) {
        let shape = try LanguageConfiguration(file), stored = try LanguageWeights(file, shape)
        configuration = shape
        embedding = stored.embedding.floats
        norm = stored.norm
        head = file.tensor("output.weight") == nil ? embedding : stored.head.weights.floats
        layers = stored.layers.map { layer in
            Layer(
                attentionNorm: layer.attentionNorm, feedForwardNorm: layer.feedForwardNorm, query: FrozenLinear(layer.query.stored),
                key: FrozenLinear(layer.key.stored), value: FrozenLinear(layer.value.stored), output: FrozenLinear(layer.output.stored),
                gate: FrozenLinear(layer.gate.stored), up: FrozenLinear(layer.up.stored), down: FrozenLinear(layer.down.stored))
        }
    }
}

/// y = W x + b on rows, with the way back to x; W and b stay as they are.
package struct FrozenLinear: Sendable {
    /// [outputs x inputs]
    package let weights: Matrix
    /// [outputs]; `nil` where all are zero.
    package let bias: [Float]?

    init(_ stored: StoredLinear) {
        weights = stored.weights.floats
        bias = stored.biases.contains { $0 != 0 } ? stored.biases : nil
    }

    package init(weights: Matrix, bias: [Float]? = nil) {
        (self.weights, self.bias) = (weights, bias)
    }

    /// `[n x inputs] -> [n x outputs]`
    package func callAsFunction(_ x: Matrix) -> Matrix {
        var y = x.timesTransposed(weights)
        if let bias { y.addToRows(bias) }
        return y
    }

    /// The gradient by x from the one by y: `[n x outputs] -> [n x inputs]`.
    package func backward(_ gradient: Matrix) -> Matrix { gradient * weights }
}
