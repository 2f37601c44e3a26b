// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

/// Link-context learning as the paper does it: a language model reads the support set as a conversation, and a label's score is the
/// log-likelihood of its tokens as the answer. Tai et al., arXiv 2308.07891.
///
/// Pictures come as embeddings of the language model: `[positions x width]` each.
public struct LanguageLink: Sendable {
    public let model: LanguageModel
    public let tokenizer: Tokenizer
    public let template: PromptTemplate

    /// - Throws: ``LinkError/support(reason:)`` where the tokenizer is another model's; ``LinkError/template(reason:)`` where the
    ///   template asks for a token that the model lacks.
    public init(model: LanguageModel, tokenizer: Tokenizer, template: PromptTemplate) throws(LinkError) {
        guard tokenizer.vocabulary.count <= model.configuration.vocabulary else {
            throw .support(reason: "the tokenizer has \(tokenizer.vocabulary.count) tokens, the model \(model.configuration.vocabulary)")
        }
        for part in [template.first, template.support, template.query] { _ = try template.runs(part, label: "a", tokenizer) }
        self.model = model
        self.tokenizer = tokenizer
        self.template = template
    }

    public struct Options: Equatable, Sendable {
        /// How a label's log-likelihood counts its tokens.
        public var length = LanguageCard.Length.sum
        /// Seeded orders of the support set whose scores are averaged.
        public var orders = 1
        public var seed: UInt64 = 1
        /// Whether the labels exchange their names from one order to the next, so that after as many orders as labels each was called by each,
        /// and a name that the model prefers helps all alike. For names of as many tokens each.
        public var exchangesNames = false
        /// Rows of the network that run together, about; it bounds memory and changes no score.
        public var rowsPerBatch = 1024
        /// Bytes that the job may take: keys and values of all orders, the supports' pictures, and the rows that run together.
        public var memory = 1 << 30

        public init() {}

        /// What the labels are called in this order of the support set.
        func called(_ names: [String], order: Int) -> [String] {
            exchangesNames ? names.indices.map { names[($0 + order) % names.count] } : names
        }
    }

    /// The support set as read, ready for queries.
    /// - Parameters:
    ///   - neutral: a picture without content: its scores are taken from every query's, so that a label gains nothing by being a
    ///     likely text (Zhao et al., arXiv 2102.09690); not done where `nil`.
    ///   - prefixes: what other jobs read before, and the model's identity; the scores are the same with it and without.
    ///   - alive: called now and then.
    /// - Throws: ``LinkError``: `support`, `features`, or `tooLarge` with the numbers; what `alive` throws.
    public func link(
        _ supports: LabelledPictures, neutral: Matrix? = nil, options: Options = Options(), prefixes: (cache: PrefixCache, model: String)? = nil,
        alive: () throws -> Void = {}
    ) throws -> LinkedConversation {
        precondition(options.orders > 0 && options.rowsPerBatch > 0, "at least one order and one row")
        try check(supports, neutral)
        let longest = (supports.pictures + [neutral].compactMap(\.self)).map(\.rowCount).max()!
        try admit(supports.names, supports: zip(supports.labels, supports.pictures.map(\.rowCount)).map { ($0, $1) }, query: longest, options)
        let readings = try (0..<options.orders).map { number in
            var supports = supports
            supports.names = options.called(supports.names, order: number)
            let order = SupportOrder.interleaved(supports.labels, seed: options.seed, number: number)
            return LinkedConversation.Reading(
                prefix: try prefix(supports, order, prefixes, alive), question: try template.question(labels: supports.names, tokenizer))
        }
        return try LinkedConversation(self, readings, options: options, neutral: neutral, alive: alive)
    }

    private func check(_ supports: LabelledPictures, _ neutral: Matrix?) throws(LinkError) {
        let (pictures, labels, names) = (supports.pictures, supports.labels, supports.names)
        guard pictures.count == labels.count, !pictures.isEmpty, names.count >= 2, labels.allSatisfy(names.indices.contains) else {
            throw .support(reason: "\(pictures.count) pictures with \(labels.count) labels out of \(names.count)")
        }
        if let empty = names.firstIndex(of: "") { throw .support(reason: "label \(empty) has no name") }
        for picture in pictures + [neutral].compactMap(\.self) where picture.columnCount != model.configuration.width || picture.rowCount == 0 {
            throw .features(expected: model.configuration.width, found: picture.columnCount)
        }
    }

    // MARK: The support set

    private func prefix(
        _ supports: LabelledPictures, _ order: [Int], _ prefixes: (cache: PrefixCache, model: String)?, _ alive: () throws -> Void
    ) throws -> LanguagePrefix {
        let texts = try order.enumerated().map { place, i throws(LinkError) in try runs(supports.names[supports.labels[i]], isFirst: place == 0) }
        func read() throws -> LanguagePrefix {
            let parts = zip(order, texts).flatMap { $1.embedded(by: model, image: supports.pictures[$0]) }
            return try model.prefix(Matrix(joining: parts), alive: alive)
        }
        guard let prefixes else { return try read() }
        let key = PrefixKey(model: prefixes.model, program: prefixes.cache.program, texts: texts, digests: order.map { supports.digests[$0] })
        return try prefixes.cache.prefix(key, of: model, else: read)
    }

    private func runs(_ label: String, isFirst: Bool) throws(LinkError) -> [PromptRun] {
        try template.runs(isFirst ? template.first : template.support, label: label, tokenizer)
    }

    // MARK: Room

    /// Positions that a support set and one query take, at most; and the rows that all of the query's labels make.
    /// - Parameters:
    ///   - supports: label and positions of each picture.
    ///   - query: positions of a query's picture.
    package func positions(_ names: [String], supports: [(label: Int, positions: Int)], query: Int) throws(LinkError)
        -> (supports: Int, query: Int, rows: Int)
    {
        let lengths = try names.map { name throws(LinkError) in
            (first: try runs(name, isFirst: true).length(image: 0), other: try runs(name, isFirst: false).length(image: 0))
        }
        let opening = lengths.map { $0.first - $0.other }.max() ?? 0
        let question = try template.question(labels: names, tokenizer)
        return (
            supports.reduce(opening) { $0 + lengths[$1.label].other + $1.positions },
            question.trunk.length(image: query) + (question.candidates.map(\.count).max() ?? 0),
            question.trunk.length(image: query) + question.candidates.reduce(0) { $0 + $1.count - 1 }
        )
    }

    /// Refuses what does not fit in any of the orders, with the numbers.
    package func admit(_ names: [String], supports: [(label: Int, positions: Int)], query: Int, _ options: Options) throws(LinkError) {
        let orders = try (0..<(options.exchangesNames ? min(options.orders, names.count) : 1)).map { order throws(LinkError) in
            try positions(options.called(names, order: order), supports: supports, query: query)
        }
        let (tokens, rows) = (orders.map(\.supports).max()!, orders.map(\.rows).max()!), query = orders.map(\.query).max()!
        guard tokens + query <= model.context else {
            throw .tooLarge(
                reason: "the support set takes \(tokens) positions and a query \(query), together more than the model's \(model.context);"
                    + " use fewer supports, or a model with shorter pictures or a longer context")
        }
        let plan = MemoryPlan(
            MemoryPlan.Shape(model.configuration), positions: tokens, pictures: supports.reduce(0) { $0 + $1.positions }, query: rows,
            batch: options.rowsPerBatch)
        guard plan.bytes(orders: options.orders) <= options.memory else {
            throw .tooLarge(
                reason: "\(options.orders) order(s) of \(tokens) positions take \(plan.prefix * options.orders >> 20) MiB of keys and values, their"
                    + " pictures \(plan.pictures >> 20), and reading them \(plan.reading >> 20) or a batch of queries, of \(rows) rows each,"
                    + " \(plan.answering >> 20): together more than the \(options.memory >> 20) MiB allowed; use fewer supports, orders or labels, or"
                    + " allow more (the daemon's workers.memory)")
        }
    }
}
