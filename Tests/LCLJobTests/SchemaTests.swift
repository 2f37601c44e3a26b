// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import Testing

/// The published schemas under `etc/lcld/schema` say what the code says.
struct SchemaTests {
    private func schema(_ name: String) throws -> Schema {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return Schema(try JSONValue(parsing: Data(contentsOf: root.appending(path: "etc/lcld/schema/\(name).schema.json"))))
    }

    private func manifest(_ labels: String, _ queries: String, _ more: String = "") -> String {
        #"{"schema":"lcl/job/1","labels":\#(labels),"queries":\#(queries)\#(more)}"#
    }

    @Test func jobSchema_agreesWithTheReader_onGoodAndBadManifests() throws {
        let schema = try schema("job-1")
        let labels = #"[{"name":"a","support":["x"]},{"name":"b","support":["y"]}]"#
        let good = [
            manifest(labels, #""queries/*.jpg""#), manifest(labels, #"["q",{"image":"r","id":"1","expected":"a"},{"image":"s","expected":null}]"#),
            manifest(labels, #"["q"]"#, #","name":"n","model":"default","method":"metric","options":{"priority":-3,"unknown":"off","top":1,"seed":0,"expires":"7d"}"#),
            manifest(labels, #"["q"]"#, #","options":{"unknown":0.25,"transductive":true,"expires":60}"#),
        ]
        let bad = [
            "7", "{}", manifest("[]", #"["q"]"#), manifest(labels, "[]"), manifest(labels, "7"), manifest(labels, #"[{"id":"x"}]"#),
            manifest(#"[{"name":"a","support":[]},{"name":"b","support":["y"]}]"#, #"["q"]"#), manifest(#"[{"name":"","support":["x"]},{"name":"b","support":["y"]}]"#, #"["q"]"#),
            manifest(labels, #"["q"]"#, #","colour":1"#), manifest(labels, #"["q"]"#, #","model":"../x""#), manifest(labels, #"["q"]"#, #","method":"magic""#),
            manifest(labels, #"["q"]"#, #","options":{"priority":101}"#), manifest(labels, #"["q"]"#, #","options":{"unknown":2}"#),
            manifest(labels, #"["q"]"#, #","options":{"expires":"soon"}"#), manifest(labels, #"["q"]"#, #","options":{"seed":1.5}"#),
        ]
        for text in good + bad {
            let document = try JSONValue(parsing: Data(text.utf8))
            let accepted = (try? Manifest.read(document).get()) != nil
            #expect(accepted == good.contains(text), "the reader on \(text)")
            #expect(schema.accepts(document) == accepted, "the schema on \(text)")
        }
    }

    @Test func resultSchema_acceptsWhatTheCodeWrites_andNothingLess() throws {
        let hash = String(repeating: "0f", count: 32)
        let answer = Answer(
            label: "a", confidence: 0.9, unknown: false, margin: 0.25, scores: [.init(label: "a", logit: 1.5, probability: 0.9)],
            nearest: [.init(image: "s", label: "a", similarity: 0.75)])
        let failure = Failure(.imageTruncated, "cut", subject: "r")
        let result = JobResult(
            job: "j", name: "n", engine: "0.1.0", model: .init(name: "default", sha256: hash), method: .metric, seed: 1, transductive: false,
            labels: ["a", "b"],
            support: SupportReport(
                images: 3, leaveOneOutAccuracy: 0.5, suspects: [.init(image: "s", label: "a", looksLike: "b", confidence: 0.8)],
                skipped: [.init(image: "t", label: "b", error: failure)]),
            queries: [
                Verdict(id: "q", image: "q", sha256: hash, outcome: .success(answer)), Verdict(id: "r", image: "r", sha256: nil, outcome: .failure(failure)),
            ],
            expected: ["a", nil])
        let schema = try schema("result-1"), document = try JSONValue(parsing: CanonicalJSON.encode(result))
        #expect(schema.accepts(document))
        guard case .object(let fields) = document else { return #expect(Bool(false), "a result is an object") }
        for key in fields.keys where !["name", "evaluation"].contains(key) {
            var cut = fields
            cut[key] = nil
            #expect(!schema.accepts(.object(cut)), "a result without \(key)")
        }
    }

    @Test func everyFailureCode_fitsTheResultSchema() throws {
        for code in Failure.Code.allCases { #expect(code.rawValue.wholeMatch(of: /[a-z]+(\.[a-z_]+)?/) != nil) }
    }
}

/// The part of JSON Schema 2020-12 that the published schemas use.
struct Schema {
    let root: JSONValue

    init(_ root: JSONValue) { self.root = root }

    func accepts(_ value: JSONValue) -> Bool { accepts(value, root) }

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
