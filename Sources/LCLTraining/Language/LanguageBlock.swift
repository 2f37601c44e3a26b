// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

/// One block of the language model with its adapters, forwards and back: x + attention(norm(x)), then that + gated unit(norm(that)).
struct LanguageBlock: Sendable {
    /// Which of its matrices are adapted, in the order of ``AdapterParameters/blocks``.
    static let adapted = ["attn_q", "attn_k", "attn_v", "attn_output"]

    let weights: LanguageMatrices.Layer
    let epsilon: Float
    let attention: CausalAttention
    let turning: Turning

    /// Activations that the way back needs, each with the rows of the batch.
    struct Trace {
        /// Block input, its norm, what the attention gave, the sum after it, and its norm.
        let x, normed, attended, middle, inner: Matrix
        /// A x of each adapter: [n x rank].
        let ranks: [Matrix]
        let attention: CausalAttention.Trace
        let gate, up: Matrix
    }

    private var attentionNorm: RootMeanSquareNorm { RootMeanSquareNorm(weight: weights.attentionNorm, epsilon: epsilon) }
    private var feedForwardNorm: RootMeanSquareNorm { RootMeanSquareNorm(weight: weights.feedForwardNorm, epsilon: epsilon) }

    /// `[n x width] -> [n x width]`
    func callAsFunction(_ x: Matrix, _ adapters: [LowRank], _ places: LanguagePlaces) -> (Matrix, Trace) {
        let normed = attentionNorm(x)
        var (query, rankQ) = weights.query(normed, adapters[0]), (key, rankK) = weights.key(normed, adapters[1])
        let (value, rankV) = weights.value(normed, adapters[2])
        query.rotate(turning.forth, positions: places.positions)
        key.rotate(turning.forth, positions: places.positions)
        let (attended, memory) = attention(query: query, key: key, value: value, sequences: places.sequences)
        var (middle, rankO) = weights.output(attended, adapters[3])
        middle.add(x)
        let inner = feedForwardNorm(middle), gate = weights.gate(inner), up = weights.up(inner)
        var y = weights.down(GatedUnit.forward(gate: gate, up: up))
        y.add(middle)
        return (
            y,
            Trace(
                x: x, normed: normed, attended: attended, middle: middle, inner: inner, ranks: [rankQ, rankK, rankV, rankO],
                attention: memory, gate: gate, up: up)
        )
    }

    /// Adds the adapters' gradients to `slopes`, and returns the one by the block's input.
    func backward(_ gradient: Matrix, _ trace: Trace, _ adapters: [LowRank], _ places: LanguagePlaces, _ slopes: inout [LowRank]) -> Matrix {
        let (byGate, byUp) = GatedUnit.backward(weights.down.backward(gradient), gate: trace.gate, up: trace.up)
        var byInner = weights.gate.backward(byGate)
        byInner.add(weights.up.backward(byUp))
        var byMiddle = feedForwardNorm.backward(byInner, x: trace.middle)
        byMiddle.add(gradient)

        func back(_ linear: FrozenLinear, _ slope: Matrix, _ index: Int, _ x: Matrix) -> Matrix {
            linear.backward(slope, x: x, inner: trace.ranks[index], adapters[index], &slopes[index])
        }
        var (byQuery, byKey, byValue) = attention.backward(
            back(weights.output, byMiddle, 3, trace.attended), trace.attention, sequences: places.sequences)
        byQuery.rotate(turning.back, positions: places.positions)
        byKey.rotate(turning.back, positions: places.positions)
        var byNormed = back(weights.query, byQuery, 0, trace.normed)
        byNormed.add(back(weights.key, byKey, 1, trace.normed))
        byNormed.add(back(weights.value, byValue, 2, trace.normed))
        byMiddle.add(attentionNorm.backward(byNormed, x: trace.x))
        return byMiddle
    }
}

/// Rotary positions, and the way back: a turn by the angle the other way.
struct Turning: Sendable {
    let forth, back: Rotation

    init(_ shape: LanguageConfiguration, positions: Int) {
        func rotation(_ sign: Float) -> Rotation {
            Rotation(
                headSize: shape.heads.size, frequencies: shape.frequencies.map { sign * $0 }, magnitude: shape.rotationMagnitude,
                adjacent: shape.architecture == .llama, positions: positions)
        }
        (forth, back) = (rotation(1), rotation(-1))
    }
}

/// Where the rows of a batch of sequences stand.
struct LanguagePlaces {
    /// Rows of each sequence.
    let sequences: [Range<Int>]
    /// Of each row, in its sequence.
    let positions: [Int]

    init(lengths: [Int]) {
        var start = 0
        sequences = lengths.map { length in
            defer { start += length }
            return start..<start + length
        }
        positions = lengths.flatMap { Array(0..<$0) }
    }
}
