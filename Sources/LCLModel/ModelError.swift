// SPDX-License-Identifier: Apache-2.0

/// Why a model could not be used: which file, which part of it, why, and what to do.
public struct ModelError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// No such model, or a file of it is missing.
        case notFound
        case unreadable
        /// A name that is not one path component of letters, digits, `.`, `_` and `-`.
        case badName
        /// `model.json` is not what it should be.
        case badCard
        /// A file's SHA-256 is not what the card says.
        case digestMismatch
        /// The file breaks the GGUF format, or a limit that a sane file keeps.
        case malformed
        /// Good GGUF, but of a kind that this version cannot use.
        case unsupported
        /// Good GGUF, but a key or tensor that the network needs is missing or of the wrong shape.
        case wrongContent
    }

    public let kind: Kind
    /// Path of the file or directory.
    public let file: String
    /// The metadata key, tensor or field it is about.
    public let item: String?
    public let reason: String

    public init(_ kind: Kind, file: String, item: String? = nil, _ reason: String) {
        self.kind = kind
        self.file = file
        self.item = item
        self.reason = reason
    }

    public var description: String {
        let what =
            switch kind {
            case .badName: "Unable to use the model name"
            case .notFound: "Unable to find the model"
            default: "Unable to use the model file"
            }
        return "\(what) '\(file)'\(item.map { ", '\($0)'" } ?? ""): \(reason)."
    }
}
