// SPDX-License-Identifier: Apache-2.0

/// The part of `model.json` that a model answering by `mllm` has: which files, and how they are asked.
public struct LanguageCard: Codable, Equatable, Sendable {
    /// The language model's GGUF file; the first, where it has several.
    public var file: String
    /// The vision model's GGUF file, with the projector into the language model unless ``projector`` is elsewhere.
    public var vision: String
    /// The projector's GGUF file, where it is apart from an encoder that several models share.
    public var projector: String?
    /// What is added to the language model's matrices, as a GGUF file; `nil` leaves them as they are.
    public var adapter: String?
    /// Whether large pictures are shown in tiles too, which takes more positions; `nil` is no.
    public var split: Bool?
    public var template: Template
    /// What the labels are called in the conversation; `nil` is ``Names/own``.
    public var names: Names?
    /// Orders of the support set whose scores are averaged where a job does not say; `nil` is 1.
    public var orders: Int?
    /// How a label's log-likelihood counts its tokens.
    public var length: Length
    public var calibration: Calibration
    /// Probabilities are the softmax of temperature x scores.
    public var temperature: Double
    /// Positions to make room for, at most what the model was trained for.
    public var context: Int

    public enum Names: String, Codable, Sendable, CaseIterable {
        /// What the job calls them.
        case own
        /// Words that mean nothing, of as many tokens each, as the model was taught with: only the supports tell what they stand for, and no label
        /// gains by being short or a likely text.
        case invented
    }

    public enum Length: String, Codable, Sendable, CaseIterable {
        case sum
        case mean
    }

    public enum Calibration: String, Codable, Sendable, CaseIterable {
        /// What a grey picture scores is taken from every query's scores.
        case contentFree = "content-free"
        case none
    }

    public static let largestContext = 1 << 20
    /// As in a job.
    public static let mostOrders = 64

    public init(
        file: String, vision: String, projector: String? = nil, adapter: String? = nil, split: Bool? = nil, template: Template, names: Names? = nil,
        orders: Int? = nil, length: Length = .mean, calibration: Calibration = .contentFree,
        temperature: Double = 1, context: Int
    ) {
        self.file = file
        self.vision = vision
        self.projector = projector
        self.adapter = adapter
        self.split = split
        self.template = template
        self.names = names
        self.orders = orders
        self.length = length
        self.calibration = calibration
        self.temperature = temperature
        self.context = context
    }

    /// What is wrong with it beside its types.
    func mistake(files: [String: String]) -> (field: String, reason: String)? {
        for (field, first) in [("file", file), ("vision", vision)] {
            for name in GGUFShards.names(first: first) where files[name] == nil { return (field, "'\(name)' is not listed under 'files'") }
        }
        for (field, name) in [("projector", projector), ("adapter", adapter)] {
            if let name, files[name] == nil { return (field, "'\(name)' is not listed under 'files'") }
        }
        if let orders, !(1...Self.mostOrders).contains(orders) { return ("orders", "it must be from 1 to \(Self.mostOrders)") }
        if !(temperature > 0 && temperature <= 1000) { return ("temperature", "it must be above 0 and at most 1000") }
        if !(1...Self.largestContext).contains(context) { return ("context", "it must be from 1 to \(Self.largestContext)") }
        return nil
    }

    /// The conversation that supports and queries become: one by name, or its parts as texts with places such as `{image}`.
    public enum Template: Equatable, Sendable {
        /// `paper`, `chat` or `compact`.
        case named(String)
        case own(Parts)

        public struct Parts: Codable, Equatable, Sendable {
            /// Once, before everything.
            public var opening: String
            /// The first support, where it is written otherwise than the others.
            public var first: String?
            public var support: String
            public var query: String

            public init(opening: String, first: String? = nil, support: String, query: String) {
                self.opening = opening
                self.first = first
                self.support = support
                self.query = query
            }
        }
    }
}

extension LanguageCard.Template: Codable {
    public static let names = ["paper", "chat", "compact"]

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let name = try? container.decode(String.self) else {
            self = .own(try container.decode(Parts.self))
            return
        }
        guard Self.names.contains(name) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(name)' is none of \(Self.names.joined(separator: ", "))")
        }
        self = .named(name)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .named(let name): try container.encode(name)
        case .own(let parts): try container.encode(parts)
        }
    }
}
