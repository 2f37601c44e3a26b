// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

/// A support set that a language model has read, in each of its orders; queries share its keys and values.
public struct LinkedConversation: Sendable {
    let model: LanguageModel
    let tokenizer: Tokenizer
    let readings: [Reading]
    /// A query up to where the model's own words begin.
    let prompt: [PromptRun]
    /// What ends them, if anything.
    let closing: String?
    private let options: LanguageLink.Options
    /// What each label scores for a picture without content: [order][label].
    private var baseline: [[Double]] = []

    /// The support set in one order.
    struct Reading: Sendable {
        let prefix: LanguagePrefix
        /// A query up to where its candidates part, and each label's tokens from there.
        let question: (trunk: [PromptRun], candidates: [[Int]])
    }

    init(_ link: LanguageLink, _ readings: [Reading], options: LanguageLink.Options, neutral: Matrix?, alive: () throws -> Void) throws {
        (model, tokenizer, prompt, closing) = (link.model, link.tokenizer, try link.template.prompt(link.tokenizer), link.template.closing)
        (self.readings, self.options) = (readings, options)
        if let neutral { baseline = try readings.map { try logLikelihoods([neutral], after: $0, alive)[0] } }
    }

    /// Positions of the support set.
    public var length: Int { readings[0].prefix.count }

    /// Orders in which it was read.
    public var orders: Int { readings.count }

    /// Bytes of keys and values kept for it.
    public var byteCount: Int { readings.reduce(0) { $0 + $1.prefix.byteCount } }

    /// Each label's score for each query, and how far the orders of the support set agree on it. A query's scores are the same
    /// to the last bit whatever other queries are asked with it.
    /// - Parameters:
    ///   - queries: pictures as embeddings, `[positions x width]` each.
    ///   - alive: called now and then.
    /// - Returns: `nil` for a query that does not fit the context behind the support set.
    /// - Throws: ``LinkError/damaged(reason:)``; what `alive` throws.
    public func scores(_ queries: [Matrix], alive: () throws -> Void = {}) throws -> [LanguageScore?] {
        let room = readings.map { reading in
            let (trunk, candidates) = reading.question
            return model.context - reading.prefix.count - trunk.length(image: 0) - (candidates.map(\.count).max() ?? 0)
        }.min()!
        let fitting = queries.indices.filter { queries[$0].rowCount <= room }, asked = fitting.map { queries[$0] }
        let perOrder = try readings.enumerated().map { order, reading in
            let scores = try logLikelihoods(asked, after: reading, alive)
            return baseline.isEmpty ? scores : scores.map { zip($0, baseline[order]).map { $0 - $1 } }
        }
        var result = [LanguageScore?](repeating: nil, count: queries.count)
        for (i, query) in fitting.enumerated() { result[query] = LanguageScore(orders: perOrder.map { $0[i] }) }
        return result
    }

    /// [query][label]
    private func logLikelihoods(_ queries: [Matrix], after reading: Reading, _ alive: () throws -> Void) throws -> [[Double]] {
        var result: [[Double]] = [], batch: [LanguageBranch] = [], rows = 0
        func flush() throws {
            for branch in try model.logLikelihoods(batch, after: reading.prefix, alive: alive) {
                result.append(
                    try branch.map { tokens in
                        let sum = tokens.reduce(0.0) { $0 + Double($1) }
                        guard sum.isFinite else { throw LinkError.damaged(reason: "a label's score is \(sum), so a weight is no finite number") }
                        return options.length == .sum ? sum : sum / Double(tokens.count)
                    })
            }
            (batch, rows) = ([], 0)
        }
        for query in queries {
            let branch = LanguageBranch(
                trunk: Matrix(joining: reading.question.trunk.embedded(by: model, image: query)), continuations: reading.question.candidates)
            if rows + branch.rowCount > options.rowsPerBatch { try flush() }
            batch.append(branch)
            rows += branch.rowCount
        }
        try flush()
        return result
    }
}

/// What a language model says of one query.
public struct LanguageScore: Equatable, Sendable {
    /// Each label's log-likelihood as the answer, the mean over the orders of the support set.
    public let logits: [Double]
    /// The best label; of equals, the first.
    public let label: Int
    /// Share of the orders whose own best label is another, 0 to 1: how much the answer hangs on the order of the supports.
    public let orderSensitivity: Double

    init(orders: [[Double]]) {
        let logits = orders[0].indices.map { label in orders.reduce(0) { $0 + $1[label] } / Double(orders.count) }
        let label = logits.ranked()[0]
        (self.logits, self.label) = (logits, label)
        orderSensitivity = Double(orders.count { $0.ranked()[0] != label }) / Double(orders.count)
    }
}
