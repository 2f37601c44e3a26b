// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// What a language model takes to answer a job, computed from its shape: bytes.
public struct MemoryPlan: Equatable, Sendable {
    /// The shape that memory depends on.
    public struct Shape: Equatable, Sendable {
        public var layers: Int
        public var width: Int
        public var feedForward: Int
        public var heads: AttentionHeads
        public var vocabulary: Int

        public init(layers: Int, width: Int, feedForward: Int, heads: AttentionHeads, vocabulary: Int) {
            (self.layers, self.width, self.feedForward, self.heads, self.vocabulary) = (layers, width, feedForward, heads, vocabulary)
        }

        public init(_ model: LanguageConfiguration) {
            self.init(layers: model.layers, width: model.width, feedForward: model.feedForward, heads: model.heads, vocabulary: model.vocabulary)
        }

        /// Weights, a tied head counted once.
        public var parameters: Int {
            let queries = heads.queryHeads * heads.size, memory = heads.memoryHeads * heads.size
            return layers * (2 * width * (queries + memory) + 3 * width * feedForward + 2 * width) + vocabulary * width + width
        }
    }

    /// Keys and values of one order of the support set: kept for the job.
    public let prefix: Int
    /// The rows that run together, with what a layer makes of them: while the support set is read.
    public let reading: Int
    /// The same for a batch of queries.
    public let answering: Int

    /// - Parameters:
    ///   - positions: of the support set.
    ///   - rows: of queries that run together.
    public init(_ shape: Shape, positions: Int, rows: Int = 1024) {
        prefix = AttentionMemory.byteCount(positions, shape.heads) * shape.layers
        reading = positions * Self.rowBytes(shape)
        answering = rows * Self.rowBytes(shape)
    }

    /// Stream, its normed copy, queries, keys, values, attended, and the gated layer's three.
    private static func rowBytes(_ shape: Shape) -> Int {
        let queries = shape.heads.queryHeads * shape.heads.size, memory = shape.heads.memoryHeads * shape.heads.size
        func row(_ columns: Int) -> Int { Matrix.stride(columns: columns) }
        return MemoryLayout<Float>.stride * (3 * row(shape.width) + 2 * row(queries) + 2 * row(memory) + 3 * row(shape.feedForward))
    }
}
