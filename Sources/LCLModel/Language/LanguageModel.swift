// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// A language model of the Llama family, read from GGUF: RMSNorm, rotary positions, grouped-query attention, SwiGLU.
///
/// Immutable, so any number of threads share it; one call uses up to `threads` of its own. Every number it returns depends on
/// the tokens that lead to it alone, to the last bit: not on the batch, nor on the number of threads.
public final class LanguageModel: Sendable {
    public let configuration: LanguageConfiguration
    public let threads: Int
    private let weights: LanguageWeights
    private let attention: Attention
    private let rotation: Rotation
    /// Positions times the size of a head, for which sines and cosines are kept: 256 MiB of them.
    private static let maximumAngles = 1 << 26
    /// Rows that a product runs with at most: it bounds memory and the time between two calls of `alive`, and changes no result.
    public static let rowsAtOnce = 1024

    /// - Parameters:
    ///   - context: positions to make room for, at most what the model was trained for; all of them where `nil`.
    ///   - threads: that one call may use.
    ///   - adapter: what is added to its matrices.
    /// - Throws: ``ModelError``: `unsupported` or `wrongContent`.
    public init(_ file: GGUFShards, adapter: LanguageAdapter? = nil, context: Int? = nil, threads: Int = 1) throws(ModelError) {
        precondition(threads >= 1, "at least one thread")
        configuration = try LanguageConfiguration(file)
        weights = try LanguageWeights(file, configuration, adapter: adapter)
        self.threads = threads
        let positions = min(context ?? configuration.context, configuration.context)
        guard positions <= Self.maximumAngles / configuration.heads.size else {
            throw ModelError(
                .unsupported, file: file.first.path, item: "\(configuration.architecture.rawValue).context_length",
                "room for \(positions) positions would take \(positions * configuration.heads.size * 4 >> 20) MiB before anything is read; ask for fewer")
        }
        attention = Attention(heads: configuration.heads, threads: threads)
        rotation = Rotation(
            headSize: configuration.heads.size, frequencies: configuration.frequencies, magnitude: configuration.rotationMagnitude,
            adjacent: configuration.architecture == .llama, positions: positions)
    }

    /// Positions that there is room for.
    public var context: Int { rotation.positions }

    /// The embeddings of tokens, `[tokens x width]`. Each must be below the vocabulary's size.
    public func embed(_ tokens: [Int]) -> Matrix { weights.embedding.gather(tokens) }

    /// Bytes of keys and values that a prefix of `count` positions takes.
    public func prefixBytes(_ count: Int) -> Int {
        AttentionMemory.byteCount(count, configuration.heads) * configuration.layers
    }

    // MARK: Running

    /// Runs the beginning of a conversation, whose keys and values everything after it shares.
    /// - Parameter embeddings: `[positions x width]`, at least one row and at most ``context``.
    public func prefix(_ embeddings: Matrix) -> LanguagePrefix { run(embeddings).prefix }

    /// The same; `alive` is called several times a layer, and again after every ``rowsAtOnce`` rows.
    public func prefix(_ embeddings: Matrix, alive: () throws -> Void) rethrows -> LanguagePrefix { try run(embeddings, alive: alive).prefix }

    /// log P(token | all before it) for every token after the first, `[positions - 1]`; nothing is kept.
    public func logProbabilities(_ tokens: [Int]) -> [Float] {
        guard tokens.count > 1 else { return [] }
        let hidden = run(embed(tokens)).hidden.rows(0..<tokens.count - 1)
        return score(hidden, at: tokens.dropFirst().map { [$0] }).map { $0[0] }
    }

    /// log P of every token of the vocabulary after these embeddings.
    public func nextLogProbabilities(_ embeddings: Matrix) -> [Float] {
        let hidden = run(embeddings).hidden
        return score(hidden.rows(hidden.rowCount - 1..<hidden.rowCount), at: [Array(0..<configuration.vocabulary)])[0]
    }

    /// The log-likelihood of each branch's continuations after `prefix`; see ``LanguageBranch``. All branches are run as one
    /// batch: the caller bounds its size.
    /// - Returns: `[branch][continuation][token]`: the log-probability of every token of the continuation.
    public func logLikelihoods(_ branches: [LanguageBranch], after prefix: LanguagePrefix) -> [[[Float]]] {
        logLikelihoods(branches, after: prefix, alive: {})
    }

    /// The same; `alive` is called several times a layer.
    public func logLikelihoods(
        _ branches: [LanguageBranch], after prefix: LanguagePrefix, alive: () throws -> Void
    ) rethrows -> [[[Float]]] {
        guard !branches.isEmpty else { return [] }
        let batch = LanguageBatch(branches, after: prefix.count)
        precondition(batch.positions.max()! < context, "branches inside the context")
        let rows = Matrix(joining: branches.flatMap { [$0.trunk] + $0.continuations.map { embed($0.dropLast()) } })
        let hidden = try layers(rows, positions: batch.positions, scopes: batch.scopes, alive: alive) { layer, _, _ in prefix.layers[layer] }
        return batch.collect(score(hidden.gather(batch.scoredRows), at: batch.targets))
    }

    /// The likeliest token after each of `trunks` behind `prefix`; of equals, the first.
    /// - Parameter trunks: `[positions x width]` each, at least one row. All run as one batch: the caller bounds its size.
    public func likeliest(_ trunks: [Matrix], after prefix: LanguagePrefix) -> [Int] {
        guard !trunks.isEmpty else { return [] }
        let batch = LanguageBatch(trunks.map { LanguageBranch(trunk: $0, continuations: [[0]]) }, after: prefix.count)
        precondition(batch.positions.max()! < context, "trunks inside the context")
        let hidden = layers(Matrix(joining: trunks), positions: batch.positions, scopes: batch.scopes, alive: {}) { layer, _, _ in prefix.layers[layer] }
        return weights.head.highest(
            hidden.gather(batch.scoredRows).rmsNormalized(weights.norm, epsilon: configuration.epsilon), threads: threads)
    }

    private func run(_ embeddings: Matrix) -> (hidden: Matrix, prefix: LanguagePrefix) { run(embeddings, alive: {}) }

    private func run(_ embeddings: Matrix, alive: () throws -> Void) rethrows -> (hidden: Matrix, prefix: LanguagePrefix) {
        let count = embeddings.rowCount
        precondition(count > 0 && count <= context, "\(count) positions in a context of \(context)")
        var memories: [AttentionMemory] = []
        let scopes = (0..<count).map { AttentionScope(memory: $0 + 1) }
        let hidden = try layers(embeddings, positions: Array(0..<count), scopes: scopes, alive: alive) { _, key, value in
            let memory = AttentionMemory(keys: key, values: value, heads: configuration.heads)
            memories.append(memory)
            return memory
        }
        return (hidden, LanguagePrefix(count: count, layers: memories))
    }

    /// The network without its head.
    /// - Parameters:
    ///   - positions, scopes: of each row.
    ///   - memory: what a layer's rows look at before their own batch, from its number and the batch's keys and values.
    private func layers(
        _ embeddings: Matrix, positions: [Int], scopes: [AttentionScope], alive: () throws -> Void, memory: (Int, Matrix, Matrix) -> AttentionMemory
    ) rethrows -> Matrix {
        precondition(embeddings.columnCount == configuration.width, "embeddings of this model")
        var x = embeddings  // [n x width]
        for (index, layer) in weights.layers.enumerated() {
            let normed = x.rmsNormalized(layer.attentionNorm, epsilon: configuration.epsilon, threads: threads)  // [n x width]
            var query = try parts(of: x, alive) { layer.query(normed.rows($0), threads: threads) }  // [n x queryHeads * size]
            var key = try parts(of: x, alive) { layer.key(normed.rows($0), threads: threads) }  // [n x memoryHeads * size]
            let value = try parts(of: x, alive) { layer.value(normed.rows($0), threads: threads) }  // [n x memoryHeads * size]
            query.rotate(rotation, positions: positions, threads: threads)
            key.rotate(rotation, positions: positions, threads: threads)
            let memory = memory(index, key, value)
            let attended = try parts(of: x, alive) {
                attention(query.rows($0), keys: key, values: value, memory: memory, scopes: Array(scopes[$0]))
            }
            x = try parts(of: x, alive) { layer.output(attended.rows($0), adding: x.rows($0), threads: threads) }
            x = try parts(of: x, alive) { feed(layer, x.rows($0)) }
        }
        return x
    }

    /// `[n x width]` through the gated layer.
    private func feed(_ layer: LanguageWeights.Layer, _ x: Matrix) -> Matrix {
        let inner = x.rmsNormalized(layer.feedForwardNorm, epsilon: configuration.epsilon, threads: threads)
        let gated = layer.gate(inner, threads: threads).swiGLU(layer.up(inner, threads: threads), threads: threads)  // [n x feedForward]
        return layer.down(gated, adding: x, threads: threads)
    }

    /// What `body` makes of the rows of `x`, ``rowsAtOnce`` at a time.
    private func parts(of x: Matrix, _ alive: () throws -> Void, _ body: (Range<Int>) -> Matrix) rethrows -> Matrix {
        let count = x.rowCount
        if count <= Self.rowsAtOnce {
            try alive()
            return body(0..<count)
        }
        return try Matrix(
            joining: stride(from: 0, to: count, by: Self.rowsAtOnce).map { first in
                try alive()
                return body(first..<min(count, first + Self.rowsAtOnce))
            })
    }

    private func score(_ hidden: Matrix, at targets: [[Int]]) -> [[Float]] {
        weights.head.logProbabilities(hidden.rmsNormalized(weights.norm, epsilon: configuration.epsilon), at: targets, threads: threads)
    }
}

/// Keys and values of a run beginning of a conversation: immutable, shared by all that follows.
public struct LanguagePrefix: Sendable {
    /// Positions.
    public let count: Int
    let layers: [AttentionMemory]

    init(count: Int, layers: [AttentionMemory]) {
        self.count = count
        self.layers = layers
    }

    public var byteCount: Int { layers.reduce(0) { $0 + $1.byteCount } }
}

/// What may follow a prefix: a trunk (a question with its picture), then one of several continuations (the candidate answers),
/// each of which attends to prefix, trunk and itself.
public struct LanguageBranch: Sendable {
    /// `[positions x width]`, at least one row.
    public let trunk: Matrix
    /// Tokens; none is empty.
    public let continuations: [[Int]]

    public init(trunk: Matrix, continuations: [[Int]]) {
        precondition(trunk.rowCount > 0 && continuations.allSatisfy { !$0.isEmpty }, "a trunk, and continuations of a token at least")
        self.trunk = trunk
        self.continuations = continuations
    }

    /// Rows that the network runs for it: a continuation's last token is only looked at.
    public var rowCount: Int { trunk.rowCount + continuations.reduce(0) { $0 + $1.count - 1 } }
}
