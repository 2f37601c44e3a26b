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

    /// - Throws: ``LinkError/support(reason:)`` where the tokenizer is another model's.
    public init(model: LanguageModel, tokenizer: Tokenizer, template: PromptTemplate) throws(LinkError) {
        guard tokenizer.vocabulary.count <= model.configuration.vocabulary else {
            throw .support(reason: "the tokenizer has \(tokenizer.vocabulary.count) tokens, the model \(model.configuration.vocabulary)")
        }
        self.model = model
        self.tokenizer = tokenizer
        self.template = template
    }

    public struct Options: Equatable, Sendable {
        /// How a label's log-likelihood counts its tokens.
        public enum Length: Sendable {
            case sum
            case mean
        }

        public var length = Length.sum
        /// Seeded orders of the support set whose scores are averaged.
        public var orders = 1
        public var seed: UInt64 = 1
        /// Rows of the network that run together, about; it bounds memory and changes no score.
        public var rowsPerBatch = 1024
        /// Bytes of keys and values that the support set may take, in all its orders.
        public var memory = 2 << 30

        public init() {}
    }

    /// The support set as read, ready for queries.
    /// - Parameters:
    ///   - images: of the supports.
    ///   - labels: of each support, as an index of `names`.
    ///   - neutral: a picture without content: its scores are taken from every query's, so that a label gains nothing by being a
    ///     likely text (Zhao et al., arXiv 2102.09690); not done where `nil`.
    /// - Throws: ``LinkError/support(reason:)`` where the prompt does not fit the context or the memory, with the numbers.
    public func link(
        images: [Matrix], labels: [Int], names: [String], neutral: Matrix? = nil, options: Options = Options()
    ) throws(LinkError) -> LinkedConversation {
        precondition(options.orders > 0 && options.rowsPerBatch > 0, "at least one order and one row")
        guard images.count == labels.count, !images.isEmpty, names.count >= 2, labels.allSatisfy(names.indices.contains) else {
            throw .support(reason: "\(images.count) pictures with \(labels.count) labels out of \(names.count)")
        }
        if let empty = names.firstIndex(of: "") { throw .support(reason: "label \(empty) has no name") }
        guard (images + [neutral].compactMap(\.self)).allSatisfy({ $0.columnCount == model.configuration.width && $0.rowCount > 0 }) else {
            throw .features(expected: model.configuration.width, found: images[0].columnCount)
        }
        let question = try template.question(labels: names, tokenizer)
        let tokens = try supportLength(images, labels, names)
        try admit(tokens, question, longest: (images + [neutral].compactMap(\.self)).map(\.rowCount).max()!, options)
        var prefixes: [LanguagePrefix] = []
        for number in 0..<options.orders {
            prefixes.append(model.prefix(try supportEmbeddings(images, labels, names, SupportOrder.interleaved(labels, seed: options.seed, number: number))))
        }
        return LinkedConversation(
            model: model, prefixes: prefixes, trunk: question.trunk, candidates: question.candidates, options: options, neutral: neutral)
    }

    private func supportLength(_ images: [Matrix], _ labels: [Int], _ names: [String]) throws(LinkError) -> Int {
        var count = try template.runs(template.opening, label: "", tokenizer).length(image: 0)
        for (image, label) in zip(images, labels) {
            count += try template.runs(template.support, label: names[label], tokenizer).length(image: image.rowCount)
        }
        return count
    }

    private func supportEmbeddings(_ images: [Matrix], _ labels: [Int], _ names: [String], _ order: [Int]) throws(LinkError) -> Matrix {
        var parts = try template.runs(template.opening, label: "", tokenizer).embedded(by: model, image: nil)
        for i in order { parts += try template.runs(template.support, label: names[labels[i]], tokenizer).embedded(by: model, image: images[i]) }
        return Matrix(joining: parts)
    }

    private func admit(
        _ tokens: Int, _ question: (trunk: [PromptRun], candidates: [[Int]]), longest image: Int, _ options: Options
    ) throws(LinkError) {
        let query = question.trunk.length(image: image) + question.candidates.map(\.count).max()!
        guard tokens + query <= model.context else {
            throw .support(
                reason: "the support set takes \(tokens) positions and a query \(query), together more than the model's \(model.context);"
                    + " use fewer supports, or a shorter template")
        }
        let bytes = model.prefixBytes(tokens) * options.orders
        guard bytes <= options.memory else {
            throw .support(
                reason: "\(options.orders) order(s) of \(tokens) positions take \(bytes >> 20) MiB of keys and values, more than the"
                    + " \(options.memory >> 20) MiB allowed; use fewer supports or orders")
        }
    }
}

extension [PromptRun] {
    /// Positions.
    func length(image: Int) -> Int {
        reduce(0) { sum, run in
            switch run {
            case .tokens(let tokens): sum + tokens.count
            case .image: sum + image
            }
        }
    }

    func embedded(by model: LanguageModel, image: Matrix?) -> [Matrix] {
        map { run in
            switch run {
            case .tokens(let tokens): return model.embed(tokens)
            case .image:
                guard let image else { preconditionFailure("a picture for every place of one") }
                return image
            }
        }
    }
}
