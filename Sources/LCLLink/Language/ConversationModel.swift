// SPDX-License-Identifier: Apache-2.0
import LCLImage
import LCLModel
import LCLTensor

/// A language model with eyes: it answers by `mllm`, as its card says.
public final class ConversationModel: LoadedModel {
    public let name: String
    public let sha256: String
    public var methods: [String] { ["mllm"] }
    public var isParallel: Bool { true }

    public let link: LanguageLink
    package let sight: LanguageSight
    private let card: LanguageCard
    private let memory: Int
    private let prefixes: PrefixCache?
    /// Where the labels are called by them.
    private let invented: InventedNames?
    /// The picture without content that scores are compared with, once it was needed.
    private var neutral: Matrix?

    /// - Parameters:
    ///   - threads: that one call may use.
    ///   - memory: bytes that a support set may take.
    ///   - prefixes: support sets read before.
    ///   - alive: called now and then.
    /// - Throws: `ModelError`, ``LinkError``.
    public init(
        directory: ModelDirectory, card: LanguageCard, threads: Int, memory: Int, prefixes: PrefixCache? = nil, alive: () -> Void = {}
    ) throws {
        let file = try directory.openShards(card.file, alive: alive)
        let adapter = try card.adapter.map { try LanguageAdapter(directory.open($0, alive: alive)) }
        let model = try LanguageModel(file, adapter: adapter, context: card.context, threads: threads), tokenizer = try Tokenizer(file.first)
        link = try LanguageLink(model: model, tokenizer: tokenizer, template: PromptTemplate(card.template, of: file.first, tokenizer))
        sight = try LanguageSight(
            directory.open(card.vision, alive: alive), projector: card.projector.map { try directory.open($0, alive: alive) }, of: model, tokenizer,
            split: card.split ?? false, threads: threads)
        (name, sha256) = (directory.card.name, directory.identity)
        (self.card, self.memory, self.prefixes) = (card, memory, prefixes)
        invented = card.names == .invented ? InventedNames(tokenizer) : nil
        if let invented, invented.forLabels.count < 2 {
            throw LinkError.support(reason: "its tokenizer cuts hardly any invented word in two tokens: 'names' must be 'own'")
        }
    }

    /// What it is made of, in a line.
    public var summary: String {
        let shape = link.model.configuration
        return "\(shape.architecture.rawValue) of \(shape.layers) layers, width \(shape.width), context \(link.model.context); \(sight.summary)"
    }

    public func encoder(limits: ImageLimits) -> any PictureEncoder { sight.encoder(limits: limits) }

    public func admit(_ names: [String], shots: [Int], together: Int, by method: String?, options: LinkOptions) throws(LinkError) {
        let supports = shots.enumerated().flatMap { label, count in repeatElement((label: label, positions: sight.fewestPositions), count: count) }
        try link.admit(called(names), supports: supports, query: sight.fewestPositions, self.options(options))
    }

    /// Positions of the language model that a support set takes, and those of one picture; and the rows that a query with all labels makes.
    public func positions(_ names: [String], shots: Int) throws(LinkError) -> (supports: Int, picture: Int, rows: Int) {
        let supports = names.indices.flatMap { label in repeatElement((label: label, positions: sight.fewestPositions), count: shots) }
        let all = try link.positions(called(names), supports: supports, query: sight.fewestPositions)
        return (all.supports, sight.fewestPositions, all.rows)
    }

    public func link(
        _ supports: LabelledPictures, by method: String?, options: LinkOptions, alive: () throws -> Void
    ) throws -> any LinkedModel {
        if let method, !methods.contains(method) { throw LinkError.method(name: method, model: name, supported: methods) }
        let conversation = try converse(supports, options: options, alive: alive)
        return LinkedSight(
            conversation, supports: supports.pictures, calibration: JobCalibration(temperature: card.temperature),
            rule: options.unknown, summary: ConversationSummary(positions: conversation.length, orders: conversation.orders, template: card.template.name))
    }

    /// The support set as read.
    /// - Throws: ``LinkError``; what `alive` throws.
    package func converse(_ supports: LabelledPictures, options: LinkOptions, alive: () throws -> Void = {}) throws -> LinkedConversation {
        var supports = supports
        supports.names = try called(supports.names)
        return try link.link(
            supports, neutral: card.calibration == .contentFree ? withoutContent(alive) : nil, options: self.options(options),
            prefixes: prefixes.map { ($0, sha256) }, alive: alive)
    }

    /// What the conversation calls these labels.
    /// - Throws: ``LinkError/tooLarge(reason:)`` where there are too few invented words.
    package func called(_ names: [String]) throws(LinkError) -> [String] {
        guard let invented else { return names }
        guard names.count <= invented.forLabels.count else {
            throw .tooLarge(reason: "\(names.count) labels are more than the \(invented.forLabels.count) words that the model was taught to call them by")
        }
        return Array(invented.forLabels.prefix(names.count))
    }

    private func options(_ options: LinkOptions) -> LanguageLink.Options {
        var all = LanguageLink.Options()
        (all.length, all.orders, all.seed, all.memory) = (card.length, options.orders ?? card.orders ?? 1, options.seed, memory)
        all.exchangesNames = invented != nil
        return all
    }

    private func withoutContent(_ alive: () throws -> Void) rethrows -> Matrix {
        if let neutral { return neutral }
        let neutral = try sight.neutral(alive: alive)
        self.neutral = neutral
        return neutral
    }
}
