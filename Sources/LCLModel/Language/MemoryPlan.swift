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
    /// The supports' pictures as the language model sees them.
    public let pictures: Int
    /// The rows that run together, with what a layer makes of them: while the support set is read.
    public let reading: Int
    /// The same for a batch of queries.
    public let answering: Int

    /// - Parameters:
    ///   - positions: of the support set.
    ///   - pictures: positions of its pictures.
    ///   - query: rows of one query; a batch has more where they fit into 1024.
    public init(_ shape: Shape, positions: Int, pictures: Int, query: Int, batch: Int = LanguageModel.rowsAtOnce) {
        prefix = AttentionMemory.byteCount(positions, shape.heads) * shape.layers
        self.pictures = pictures * Matrix.stride(columns: shape.width) * MemoryLayout<Float>.stride
        reading = Self.running(shape, positions)
        answering = Self.running(shape, max(query, batch))
    }

    /// The most that is taken at a time.
    public func bytes(orders: Int) -> Int { prefix * orders + pictures + max(reading, answering) }

    /// Of all rows: their embeddings, the stream before and after a product (and what it is joined from), its normed copy; queries,
    /// keys, values, and the attended, also joined. Of those that go through the gated layer together: two of the stream and its three.
    private static func running(_ shape: Shape, _ rows: Int) -> Int {
        let queries = shape.heads.queryHeads * shape.heads.size, memory = shape.heads.memoryHeads * shape.heads.size
        func row(_ columns: Int) -> Int { Matrix.stride(columns: columns) * MemoryLayout<Float>.stride }
        let kept = 5 * row(shape.width) + 3 * row(queries) + 2 * row(memory), gated = 2 * row(shape.width) + 3 * row(shape.feedForward)
        return rows * kept + min(rows, LanguageModel.rowsAtOnce) * gated
    }
}
