// SPDX-License-Identifier: Apache-2.0
import Foundation

/// `model.json`: what a model is made of. Schema `lcl/model/1`.
public struct ModelCard: Codable, Equatable, Sendable {
    public static let fileName = "model.json"
    public static let schemaName = "lcl/model/1"

    public var schema: String
    /// The same as its directory's.
    public var name: String
    public var description: String
    /// SPDX identifier.
    public var licence: String
    /// File name to SHA-256 in hexadecimal: every file that the model is loaded from.
    public var files: [String: String]
    /// What a model of features reads pictures with; absent in a model of `language`.
    public var encoder: Encoder?
    /// Absent where the model has no learned link map: only `prototype` works then.
    public var link: Link?
    /// What a model that answers by `mllm` is made of.
    public var language: LanguageCard?
    /// Where a daemon's training made it: from what, and whose it is.
    public var trained: Trained?

    public init(name: String, description: String, licence: String, files: [String: String], language: LanguageCard) {
        schema = Self.schemaName
        self.name = name
        self.description = description
        self.licence = licence
        self.files = files
        self.language = language
    }

    public struct Encoder: Codable, Equatable, Sendable {
        /// `efficientnet-lite0`.
        public var architecture: String
        public var file: String
        /// Side of the square input, pixels.
        public var inputSize: Int
        /// Such as `d11.max`.
        public var taps: [String]
        /// Absent where every picture is seen whole only.
        public var closer: Closer?

        /// What is read from a picture: the taps of the whole and of the closer look, and the doubt of the mask between them.
        public var allTaps: [Tap] { taps.compactMap(Tap.init) + (closer.map { $0.taps.compactMap { Tap("closer." + $0) } + [.doubt] } ?? []) }
    }

    /// A second look at the part of the picture that a mask shows.
    public struct Closer: Codable, Equatable, Sendable {
        /// The file of the ``ForegroundMask``.
        public var mask: String
        /// Such as `d11.max`.
        public var taps: [String]
    }

    /// What features depend on: the SHA-256 of the encoder's file and, where it looks closer, of the mask's. `nil` in a model of `language`.
    public var encoderDigest: String? {
        encoder.flatMap { encoder in
            files[encoder.file].flatMap { digest in encoder.closer.map { files[$0.mask].map { "\(digest) \($0)" } } ?? digest }
        }
    }

    public struct Link: Codable, Equatable, Sendable {
        public var file: String

        public init(file: String) { self.file = file }
    }

    public struct Trained: Codable, Equatable, Sendable {
        public var job: String
        /// The uid of the user who may use it, beside administrators.
        public var owner: UInt32
        /// Whether everybody may.
        public var shared: Bool
        public var base: String
        /// Of the base model, as results call it.
        public var baseSHA256: String

        public init(job: String, owner: UInt32, shared: Bool, base: String, baseSHA256: String) {
            (self.job, self.owner, self.shared, self.base, self.baseSHA256) = (job, owner, shared, base, baseSHA256)
        }
    }

    /// The card of a model that differs in its link file alone.
    /// - Parameter digest: of the link file, in hexadecimal.
    public func retrained(as name: String, description: String, link file: String, digest: String, _ trained: Trained) -> ModelCard {
        var card = self
        (card.name, card.description, card.trained) = (name, description, trained)
        if let link { card.files[link.file] = nil }
        card.files[file] = digest
        card.link = Link(file: file)
        return card
    }

    /// The bytes of `model.json`.
    public func encoded() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self) + Data("\n".utf8)
    }

    /// - Throws: ``ModelError``, `badCard`, naming the field.
    init(parsing json: Data, file: String) throws(ModelError) {
        do {
            self = try JSONDecoder().decode(ModelCard.self, from: json)
        } catch let error as DecodingError {
            throw ModelError(.badCard, file: file, item: Self.field(of: error), Self.reason(for: error))
        } catch {
            throw ModelError(.badCard, file: file, "it cannot be read as a model card: \(error)")
        }
        try check(file)
    }

    private func check(_ file: String) throws(ModelError) {
        func require(_ condition: Bool, _ item: String, _ reason: @autoclosure () -> String) throws(ModelError) {
            if !condition { throw ModelError(.badCard, file: file, item: item, reason()) }
        }
        try require(schema == Self.schemaName, "schema", "it is '\(schema)'; this version reads '\(Self.schemaName)'")
        try require(ModelName.isValid(name), "name", ModelName.rule)
        for (name, digest) in files {
            try require(ModelName.isValid(name), "files.\(name)", ModelName.rule)
            let isDigest = digest.utf8.count == 64 && digest.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
            try require(isDigest, "files.\(name)", "it must be a SHA-256 of 64 lower-case hexadecimal digits")
        }
        try require((encoder == nil) != (language == nil), "encoder", "a model has either an 'encoder' or a 'language' part")
        if let encoder { try check(encoder, file) }
        if let link {
            try require(files[link.file] != nil, "link.file", "'\(link.file)' is not listed under 'files'")
            try require(encoder != nil, "link", "only a model with an 'encoder' has one")
        }
        if let language, let mistake = language.mistake(files: files) { try require(false, "language.\(mistake.field)", mistake.reason) }
    }

    private func check(_ encoder: Encoder, _ file: String) throws(ModelError) {
        func require(_ condition: Bool, _ item: String, _ reason: @autoclosure () -> String) throws(ModelError) {
            if !condition { throw ModelError(.badCard, file: file, item: "encoder.\(item)", reason()) }
        }
        try require(files[encoder.file] != nil, "file", "'\(encoder.file)' is not listed under 'files'")
        try require(
            encoder.architecture == EfficientNetLite0.architecture, "architecture",
            "'\(encoder.architecture)' is unknown; this version has '\(EfficientNetLite0.architecture)'")
        try require(encoder.inputSize == EfficientNetLite0.inputSize, "inputSize", "it must be \(EfficientNetLite0.inputSize)")
        if let closer = encoder.closer { try require(files[closer.mask] != nil, "closer.mask", "'\(closer.mask)' is not listed under 'files'") }
        for (item, taps) in [("taps", encoder.taps)] + (encoder.closer.map { [("closer.taps", $0.taps)] } ?? []) {
            try require((1...32).contains(taps.count), item, "1 to 32 taps are needed")
            for tap in taps {
                let known = Tap(tap).flatMap(EfficientNetLite0.dimension(of:)) != nil
                try require(known, item, "'\(tap)' is not a tap such as 'd11.max', 'b10.mean' or 'head.mean'")
            }
        }
    }

    private static func field(of error: DecodingError) -> String? {
        let path =
            switch error {
            case .keyNotFound(let key, let context): context.codingPath + [key]
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context): context.codingPath
            @unknown default: [any CodingKey]()
            }
        return path.isEmpty ? nil : path.map(\.stringValue).joined(separator: ".")
    }

    private static func reason(for error: DecodingError) -> String {
        switch error {
        case .keyNotFound: "this field is missing"
        case .typeMismatch, .valueNotFound: "this field is of the wrong type"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty: context.debugDescription
        default: "it is not valid JSON"
        }
    }
}

/// Names of models and of their files: one path component that no shell or URL minds.
package enum ModelName {
    static let rule = "a name has 1 to 64 letters, digits, '.', '_' and '-', and begins with a letter or digit"

    package static func isValid(_ name: String) -> Bool {
        func isAlphanumeric(_ c: UInt8) -> Bool { (48...57).contains(c) || (65...90).contains(c) || (97...122).contains(c) }
        guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy { isAlphanumeric($0) || [46, 95, 45].contains($0) }
    }
}
