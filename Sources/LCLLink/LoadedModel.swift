// SPDX-License-Identifier: Apache-2.0
import LCLImage
import LCLModel
import LCLTensor

/// A model in memory, of whatever kind: it sees pictures, reads a support set, and answers queries. One per thread.
public protocol LoadedModel: AnyObject {
    /// As in `models/NAME/`.
    var name: String { get }
    /// SHA-256 over the model's files, in hexadecimal: two models with the same one give the same answers.
    var sha256: String { get }
    /// What jobs call the methods that it answers by, best first.
    var methods: [String] { get }
    /// Whether one call uses all the threads that there are: then one of it is enough.
    var isParallel: Bool { get }

    func encoder(limits: ImageLimits) -> any PictureEncoder

    /// Refuses a support set that cannot be linked, before its pictures are read.
    /// - Parameters:
    ///   - shots: supports of each label.
    ///   - together: queries that are answered together.
    ///   - method: as for ``link(_:by:options:alive:)``.
    /// - Throws: ``LinkError``.
    func admit(_ names: [String], shots: [Int], together: Int, by method: String?, options: LinkOptions) throws(LinkError)

    /// The supports linked and ready for queries. Keep it for the whole job.
    /// - Parameters:
    ///   - method: one of ``methods``; `nil` is the best.
    ///   - alive: called now and then, where that takes long.
    /// - Throws: ``LinkError``; what `alive` throws.
    func link(_ supports: LabelledPictures, by method: String?, options: LinkOptions, alive: () throws -> Void) throws -> any LinkedModel
}

/// Picture files in, what a network makes of them out, a batch at a time. It keeps its buffers; one per thread.
public protocol PictureEncoder: AnyObject {
    /// Pictures that are encoded together at most.
    var batch: Int { get }

    /// Prepares one JPEG or PNG file as picture `place` of the next batch.
    /// - Throws: `ImageError`; the place stays free.
    func prepare(_ file: UnsafeRawBufferPointer, at place: Int) throws(ImageError)

    /// The features of the first `count` places: one row of features, or the positions of an embedding, `[rows x width]` each. They
    /// depend on the picture alone, bit for bit.
    /// - Parameter alive: called now and then, where that takes long.
    func encode(_ count: Int, alive: () throws -> Void) rethrows -> [Matrix]
}

extension PictureEncoder {
    public func encode(_ count: Int) -> [Matrix] { encode(count, alive: {}) }
}

/// What a support set shows: pictures as a ``PictureEncoder`` sees them, and the label of each.
public struct LabelledPictures: Sendable {
    public var pictures: [Matrix]
    /// Of each picture, as an index of ``names``.
    public var labels: [Int]
    public var names: [String]
    /// What tells each picture from all others: its SHA-256.
    public var digests: [[UInt8]]

    public init(pictures: [Matrix], labels: [Int], names: [String], digests: [[UInt8]]) {
        self.pictures = pictures
        self.labels = labels
        self.names = names
        self.digests = digests
    }
}

/// What a job asks of linking; a method takes what it knows.
public struct LinkOptions: Equatable, Sendable {
    public var unknown = UnknownRule.auto
    public var seed: UInt64 = 1
    /// Orders of the support set whose scores are averaged; `nil` is as many as the model's card says.
    public var orders: Int?

    public init() {}
}

/// A support set that a model has linked: it answers queries, from any thread.
public protocol LinkedModel: Sendable {
    var check: SupportCheck { get }
    /// Where the supports were read as a conversation.
    var conversation: ConversationSummary? { get }

    /// The answers to `queries`, in their order. Each depends on its own query alone, bit for bit, unless `transductive`: then all
    /// queries of the job must be given at once.
    /// - Parameter alive: called now and then, where that takes long.
    /// - Returns: `nil` for a query that there is no room for.
    func answer(_ queries: [Matrix], transductive: Bool, alive: () throws -> Void) throws -> [LinkAnswer?]
}

/// How a support set was read by a language model.
public struct ConversationSummary: Equatable, Sendable {
    /// Positions of the language model that the support set takes.
    public let positions: Int
    /// Orders of the support set whose scores are averaged.
    public let orders: Int
    /// What the model's card calls the template.
    public let template: String
}

/// Loads whatever kind of model a directory holds.
public enum ModelLoader {
    /// - Parameters:
    ///   - threads: that one call of a language model may use.
    ///   - memory: bytes that a support set may take, with the queries that are answered together.
    ///   - alive: called now and then: the digests of a large model take long.
    /// - Throws: `ModelError`, ``LinkError``.
    public static func load(
        _ name: String, in searchPath: [String], threads: Int = 1, memory: Int = LanguageLink.Options().memory, prefixes: PrefixCache? = nil
    ) throws -> any LoadedModel {
        try load(ModelDirectory.find(name, in: searchPath), threads: threads, memory: memory, prefixes: prefixes)
    }

    public static func load(
        _ directory: ModelDirectory, threads: Int = 1, memory: Int, prefixes: PrefixCache? = nil, alive: () -> Void = {}
    ) throws -> any LoadedModel {
        guard let card = directory.card.language else { return try LinkModel(directory: directory, memory: memory) }
        return try ConversationModel(directory: directory, card: card, threads: threads, memory: memory, prefixes: prefixes, alive: alive)
    }
}
