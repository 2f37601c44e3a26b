// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob

/// The part of JSON Schema 2020-12 that the published schemas use.
package struct Schema {
    private let root: JSONValue

    /// `etc/lcld/schema/NAME.schema.json` of this checkout.
    package init(published name: String) throws {
        let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        root = try JSONValue(parsing: Data(contentsOf: checkout.appending(path: "etc/lcld/schema/\(name).schema.json")))
    }

    package func accepts(_ value: JSONValue) -> Bool { accepts(value, root) }

    private func accepts(_ value: JSONValue, _ schema: JSONValue) -> Bool {
        guard case .object(let rules) = schema else { preconditionFailure("a schema is an object") }
        return rules.allSatisfy { accepts(value, rule: $0.key, $0.value, in: rules) }
    }

    private func accepts(_ value: JSONValue, rule: String, _ argument: JSONValue, in rules: [String: JSONValue]) -> Bool {
        switch (rule, argument, value) {
        case ("$ref", .string(let path), _): accepts(value, resolve(path))
        case ("const", _, _): value == argument
        case ("enum", .array(let choices), _): choices.contains(value)
        case ("oneOf", .array(let choices), _): choices.count { accepts(value, $0) } == 1
        case ("type", .string(let type), _): has(value, type: type)
        case ("required", .array(let keys), .object(let fields)): keys.allSatisfy { if case .string(let key) = $0 { fields[key] != nil } else { false } }
        case ("properties", .object(let known), .object(let fields)): fields.allSatisfy { field in known[field.key].map { accepts(field.value, $0) } ?? true }
        case ("additionalProperties", .bool(false), .object(let fields)): fields.keys.allSatisfy { isKnown($0, rules) }
        case ("additionalProperties", .object, .object(let fields)): fields.allSatisfy { isKnown($0.key, rules) || accepts($0.value, argument) }
        case ("items", _, .array(let items)): items.allSatisfy { accepts($0, argument) }
        case ("minItems", .number(let limit), .array(let items)): Double(items.count) >= limit
        case ("maxItems", .number(let limit), .array(let items)): Double(items.count) <= limit
        case ("minLength", .number(let limit), .string(let text)): Double(text.unicodeScalars.count) >= limit
        case ("maxLength", .number(let limit), .string(let text)): Double(text.unicodeScalars.count) <= limit
        case ("minimum", .number(let limit), .number(let number)): number >= limit
        case ("maximum", .number(let limit), .number(let number)): number <= limit
        case ("pattern", .string(let pattern), .string(let text)): (try? Regex(pattern).firstMatch(in: text)) != nil
        default: true
        }
    }

    private func isKnown(_ key: String, _ rules: [String: JSONValue]) -> Bool {
        if case .object(let known)? = rules["properties"] { known[key] != nil } else { false }
    }

    private func has(_ value: JSONValue, type: String) -> Bool {
        switch (type, value) {
        case ("object", .object), ("array", .array), ("string", .string), ("number", .number), ("boolean", .bool), ("null", .null): true
        case ("integer", .number(let number)): number == number.rounded()
        default: false
        }
    }

    private func resolve(_ path: String) -> JSONValue {
        path.split(separator: "/").dropFirst().reduce(root) { node, key in
            guard case .object(let fields) = node, let next = fields[String(key)] else { preconditionFailure("no \(path) in the schema") }
            return next
        }
    }
}
