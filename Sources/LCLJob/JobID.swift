// SPDX-License-Identifier: Apache-2.0

/// The name of a job: also the name of its directory in the spool, so it is safe as one path component.
///
/// 1 to 64 of `A-Z a-z 0-9 . _ -`, starting with a letter or a digit. Names from outside pass through ``init(_:)``
/// (exact, or nothing) or ``init(slug:)`` (made to fit); past these a malformed id is our bug.
public struct JobID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public static let maximumLength = 64

    public let rawValue: String

    /// `nil` when `name` is not exactly a valid id.
    public init?(_ name: String) {
        guard let first = name.utf8.first, Self.isAlphanumeric(first), name.utf8.count <= Self.maximumLength,
            name.utf8.allSatisfy(Self.isAllowed)
        else { return nil }
        rawValue = name
    }

    /// The nearest valid id: characters that are not allowed become `-`, the length is cut, an empty name is `job`.
    public init(slug name: String) {
        var bytes = name.utf8.map { Self.isAllowed($0) ? $0 : UInt8(ascii: "-") }
        bytes.removeFirst(bytes.prefix { !Self.isAlphanumeric($0) }.count)
        rawValue = bytes.isEmpty ? "job" : String(decoding: bytes.prefix(Self.maximumLength), as: UTF8.self)
    }

    /// This id with `-n` at its end, shortened where needed: what a second job of the same name is called.
    public func numbered(_ n: Int) -> JobID {
        let suffix = "-\(n)"
        return JobID(slug: String(rawValue.prefix(Self.maximumLength - suffix.utf8.count)) + suffix)
    }

    public var description: String { rawValue }

    public static func < (a: JobID, b: JobID) -> Bool { a.rawValue < b.rawValue }

    private static func isAlphanumeric(_ c: UInt8) -> Bool {
        (48...57).contains(c) || (65...90).contains(c) || (97...122).contains(c)
    }

    private static func isAllowed(_ c: UInt8) -> Bool {
        isAlphanumeric(c) || c == UInt8(ascii: ".") || c == UInt8(ascii: "_") || c == UInt8(ascii: "-")
    }
}

extension JobID: Codable {
    public init(from decoder: any Decoder) throws {
        let name = try decoder.singleValueContainer().decode(String.self)
        guard let id = JobID(name) else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "not a job id"))
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
