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

    /// - Throws: ``Failure`` with `manifest.json`: not UTF-8, not JSON, or nested deeper than ``maximumDepth``.
    public init(parsing text: Data) throws(Failure) {
        guard String(validating: text, as: UTF8.self) != nil else {
            throw Failure(.manifestJSON, "the file is not UTF-8 text; save it as UTF-8")
        }
        guard Self.depth(of: text) <= Self.maximumDepth else {
            throw Failure(.manifestJSON, "the JSON is nested deeper than \(Self.maximumDepth) levels")
        }
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
            let lines = text.prefix(byte).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            return "line \(lines.count), column \(lines.last!.count + 1): \(parts[0].lowercased())"
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

    /// The deepest nesting of brackets outside strings, in one pass over the bytes, before any parser recurses.
    private static func depth(of text: Data) -> Int {
        var depth = 0, deepest = 0, inString = false, escaped = false
        for byte in text {
            if inString {
                if escaped { escaped = false } else if byte == UInt8(ascii: "\\") { escaped = true } else if byte == UInt8(ascii: "\"") { inString = false }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                deepest = max(deepest, depth)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
        return deepest
    }
}

extension JSONValue: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }
}

/// The one way JSON leaves the project: sorted keys, so that equal values are equal bytes.
public enum CanonicalJSON {
    /// `value` as one line, or indented for people; a newline at its end either way.
    public static func encode(_ value: some Encodable, pretty: Bool = false) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        var data = try encoder.encode(value)
        data.append(UInt8(ascii: "\n"))
        return data
    }

    public static func decode<T: Decodable>(_ type: T.Type, from data: Data) throws -> T {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(type, from: data)
    }
}
