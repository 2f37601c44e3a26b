// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A JSON document from outside, parsed within limits; it keeps enough to report every mistake with its path.
public enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    public static let maximumDepth = 32
    /// Values and keys of a document: a million queries of three fields, and as much again.
    public static let maximumValues = 8_000_000
    /// Bytes of a text as it is written: the longest path, every byte of it escaped.
    static let maximumText = 6 * ManifestPath.maximumLength
    /// Of a key; ours are short words.
    static let maximumKey = 128

    /// - Throws: ``Failure`` with `manifest.json`: not UTF-8, not JSON, or beyond one of the limits.
    public init(parsing text: Data) throws(Failure) {
        guard String(validating: text, as: UTF8.self) != nil else {
            throw Failure(.manifestJSON, "the file is not UTF-8 text; save it as UTF-8")
        }
        if let excess = Self.excess(of: text) { throw Failure(.manifestJSON, "the JSON \(excess)") }
        do {
            self = try JSONDecoder().decode(JSONValue.self, from: text)
        } catch {
            throw Failure(.manifestJSON, "the file is not valid JSON: \(Self.mistake(in: text) ?? "\(error)")")
        }
    }

    /// What is wrong with a text, and in which line. The older parser says what and at which byte, as in "Invalid value around character 38.";
    /// the newer one says neither.
    private static func mistake(in text: Data) -> String? {
        do {
            _ = try JSONSerialization.jsonObject(with: text, options: .fragmentsAllowed)
            return nil
        } catch {
            guard let said = (error as NSError).userInfo[NSDebugDescriptionErrorKey] as? String else { return nil }
            let parts = said.split(separator: " around character ", maxSplits: 1)
            guard parts.count == 2, let byte = Int(parts[1].prefix { $0.isNumber }), byte < text.count else { return said }
            let before = text.prefix(byte), newline = UInt8(ascii: "\n")
            let column = before.lastIndex(of: newline).map { before.endIndex - $0 } ?? byte + 1
            return "line \(before.count { $0 == newline } + 1), column \(column): \(parts[0].lowercased())"
        }
    }

    /// What a person calls this kind of value.
    public var kind: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// What a text has too much of, found in one pass over its bytes, before any parser recurses, allocates or compares: Swift orders the marks
    /// of a text to compare it, in time that grows with the square of a run of marks.
    private static func excess(of text: Data) -> String? {
        func line(of place: Int) -> String { ", in line \(text.prefix(place).count { $0 == UInt8(ascii: "\n") } + 1)" }
        var depth = 0, values = 1, start: Int?, escaped = false, length = 0
        for (place, byte) in text.enumerated() {
            if let begun = start {
                if escaped { escaped = false } else if byte == UInt8(ascii: "\\") { escaped = true } else if byte == UInt8(ascii: "\"") {
                    (start, length) = (nil, place - begun)
                    if length > maximumText { return "has a text of more than \(maximumText) bytes\(line(of: begun))" }
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): start = place + 1
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                values += 1
                if depth > maximumDepth { return "is nested deeper than \(maximumDepth) levels" }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: ","): values += 1
            case UInt8(ascii: ":"): if length > maximumKey { return "has a key of more than \(maximumKey) bytes\(line(of: place))" }
            default: break
            }
            if values > maximumValues { return "has more than \(maximumValues) values" }
        }
        return nil
    }
}

extension JSONValue: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // What there is most of comes first: each try that fails costs more than the value.
        if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([String: JSONValue].self) {
            self = .object(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if container.decodeNil() {
            self = .null
        } else {
            self = .number(try container.decode(Double.self))
        }
    }
}

/// The one way JSON leaves the project: sorted keys, so that equal values are equal bytes.
public enum CanonicalJSON {
    /// `value` as one line, or indented for people; a newline at its end either way.
    public static func encode(_ value: some Encodable, pretty: Bool = false) throws -> Data {
        var data = try encoder(pretty: pretty).encode(value)
        data.append(UInt8(ascii: "\n"))
        return data
    }

    static func encoder(pretty: Bool) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return encoder
    }

    public static func decode<T: Decodable>(_ type: T.Type, from data: Data) throws -> T {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(type, from: data)
    }
}
