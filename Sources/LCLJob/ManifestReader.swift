// SPDX-License-Identifier: Apache-2.0
import Foundation

extension Manifest {
    public static let maximumBytes = 64 << 20
    public static let maximumLabels = 1000
    public static let maximumSupports = 100_000
    public static let maximumQueries = 1_000_000
    /// Of a label's, job's, model's or query's name, in bytes of UTF-8.
    public static let maximumNameLength = 200

    /// Reads a manifest, or says everything that is wrong with it at once; each failure's subject is its JSON path.
    public static func read(_ text: Data, paths: ManifestPath.Rule = .beneath) -> Result<Manifest, Problems> {
        guard text.count <= maximumBytes else {
            return .failure(Problems(Failure(.manifestTooLarge, "the manifest has \(text.count) bytes; at most \(maximumBytes) are read")))
        }
        do throws(Failure) {
            return read(try JSONValue(parsing: text), paths: paths)
        } catch {
            return .failure(Problems(error))
        }
    }

    /// The same from a document that is already parsed.
    public static func read(_ document: JSONValue, paths: ManifestPath.Rule = .beneath) -> Result<Manifest, Problems> {
        var reader = ManifestReader(paths: paths)
        let manifest = reader.manifest(document)
        return reader.problems.isEmpty ? .success(manifest) : .failure(Problems(reader.problems))
    }
}

/// One pass over a parsed manifest that never stops at the first mistake.
struct ManifestReader {
    let paths: ManifestPath.Rule
    private(set) var problems: [Failure] = []

    init(paths: ManifestPath.Rule) { self.paths = paths }

    mutating func manifest(_ document: JSONValue) -> Manifest {
        let fields = object(document, "$", allowed: ["schema", "name", "task", "model", "method", "labels", "archive", "training", "queries", "options"])
        schema(fields["schema"])
        if let task = fields["task"], choice(task, "$.task", Manifest.Task.allCases) == .train { return trainingJob(fields) }
        for key in ["archive", "training"] where fields[key] != nil {
            report(.manifestField, "$.\(key)", "is for trainings; write \"task\": \"train\", or leave it out")
        }
        var manifest = Manifest(labels: labels(fields["labels"]), queries: queries(fields["queries"]))
        if let name = fields["name"] { manifest.name = self.name(name, "$.name") }
        if let model = fields["model"] { manifest.model = self.model(model) }
        if let method = fields["method"] {
            manifest.method = choice(method, "$.method", Manifest.Method.allCases) ?? .link
        }
        if let options = fields["options"] { manifest.options = self.options(options) }
        return manifest
    }

    // MARK: Parts

    private mutating func schema(_ value: JSONValue?) {
        switch value {
        case .string(Manifest.schemaName): break
        case nil: report(.manifestSchema, "$.schema", "is missing; write \"schema\": \"\(Manifest.schemaName)\"")
        case .string(let other): report(.manifestSchema, "$.schema", "is '\(other.quoted(40))'; this version reads \(Manifest.schemaName)")
        case let other?: report(.manifestSchema, "$.schema", "is \(other.kind); write \"\(Manifest.schemaName)\"")
        }
    }

    /// - Parameter patterns: whether a label's supports may be a folder or a glob, as in a training.
    mutating func labels(_ value: JSONValue?, patterns: Bool = false) -> [Manifest.Label] {
        guard let value else {
            report(.supportFewLabels, "$.labels", "is missing; name at least two labels with their support pictures")
            return []
        }
        let items = array(value, "$.labels", atMost: Manifest.maximumLabels)
        var labels: [Manifest.Label] = [], names: Set<String> = [], owner: [String: String] = [:], supports = 0
        for (i, item) in items.enumerated() {
            let path = "$.labels[\(i)]"
            let fields = object(item, path, allowed: ["name", "support"])
            let name = required(fields["name"], "\(path).name") { $0.name($1, $2) } ?? ""
            let pattern = patterns ? fields["support"].flatMap { self.pattern($0, "\(path).support") } : nil
            let support = pattern != nil ? [] : required(fields["support"], "\(path).support") { $0.supports($1, $2) } ?? []
            if !name.isEmpty, !names.insert(name).inserted {
                report(.manifestDuplicate, "\(path).name", "the label '\(name)' stands twice; put its supports together")
            }
            for file in support {
                if let other = owner.updateValue(name, forKey: file) {
                    report(
                        other == name ? .manifestDuplicate : .supportConflict, "\(path).support",
                        other == name ? "'\(file)' stands twice under '\(name)'" : "'\(file)' stands under '\(other)' and '\(name)': one picture shows one label")
                }
            }
            supports += support.count
            labels.append(.init(name: name, support: support, pattern: pattern))
        }
        if items.count < 2, case .array = value {
            report(.supportFewLabels, "$.labels", "names \(items.count) label(s); a verdict needs at least two to choose between")
        }
        if supports > Manifest.maximumSupports {
            report(.manifestField, "$.labels", "names \(supports) supports; at most \(Manifest.maximumSupports) are read")
        }
        return labels
    }

    private mutating func supports(_ value: JSONValue, _ path: String) -> [String] {
        let items = array(value, path, atMost: Manifest.maximumSupports)
        if items.isEmpty, case .array = value {
            report(.supportEmpty, path, "is empty; a label needs at least one picture")
        }
        return items.enumerated().compactMap { file($0.element, "\(path)[\($0.offset)]") }
    }

    private mutating func queries(_ value: JSONValue?) -> Manifest.Queries {
        switch value {
        case nil:
            report(.queriesEmpty, "$.queries", "is missing; list the pictures to classify, or name a folder")
        case .string(let pattern):
            if let refusal = ManifestPath.refusal(of: pattern, rule: paths) { report(.manifestPath, "$.queries", "'\(pattern.quoted(80))' \(refusal)") }
            return .pattern(pattern)
        case let value?:
            let items = array(value, "$.queries", atMost: Manifest.maximumQueries)
            if items.isEmpty, case .array = value { report(.queriesEmpty, "$.queries", "is empty; list at least one picture") }
            var ids: Set<String> = []
            return .list(items.enumerated().compactMap { query($0.element, "$.queries[\($0.offset)]", &ids) })
        }
        return .list([])
    }

    private mutating func query(_ value: JSONValue, _ path: String, _ ids: inout Set<String>) -> Manifest.Query? {
        var query: Manifest.Query
        if case .string = value {
            guard let image = file(value, path) else { return nil }
            query = .init(id: image, image: image)
        } else {
            let fields = object(value, path, allowed: ["id", "image", "expected"])
            guard let image = required(fields["image"], "\(path).image", { $0.file($1, $2) }) else { return nil }
            query = .init(id: image, image: image)
            if let id = fields["id"] { query.id = name(id, "\(path).id", atMost: ManifestPath.maximumLength) ?? image }
            if let expected = fields["expected"], expected != .null { query.expected = name(expected, "\(path).expected") }
        }
        if !ids.insert(query.id).inserted {
            report(.manifestDuplicate, path, "the query id '\(query.id)' stands twice; ids must differ")
        }
        return query
    }

    mutating func options(
        _ value: JSONValue, known: [String] = ["priority", "unknown", "top", "seed", "orders", "transductive", "expires"]
    ) -> Manifest.Options {
        var options = Manifest.Options()
        let fields = object(value, "$.options", allowed: known)
        if let value = fields["priority"] { options.priority = integer(value, "$.options.priority", -100...100) ?? 0 }
        if let value = fields["top"], value != .null { options.top = integer(value, "$.options.top", 1...Manifest.maximumLabels) }
        if let value = fields["seed"] { options.seed = UInt64(integer(value, "$.options.seed", 0...(1 << 53)) ?? 1) }
        if let value = fields["orders"] { options.orders = integer(value, "$.options.orders", 1...Manifest.maximumOrders) }
        if let value = fields["unknown"] { options.unknown = unknown(value) }
        if let value = fields["transductive"] {
            if case .bool(let flag) = value { options.transductive = flag } else { expected("true or false", value, "$.options.transductive") }
        }
        if let value = fields["expires"], value != .null { options.expires = seconds(value) }
        return options
    }

    private mutating func unknown(_ value: JSONValue) -> Manifest.Unknown {
        switch value {
        case .string("auto"): return .auto
        case .string("off"): return .off
        case .number(let threshold) where (0...1).contains(threshold): return .below(threshold)
        default: expected("\"auto\", \"off\" or a confidence from 0 to 1", value, "$.options.unknown")
        }
        return .auto
    }

    mutating func seconds(_ value: JSONValue) -> Int? {
        switch value {
        case .number(let seconds) where seconds >= 1 && seconds <= 1e9: return Int(seconds)
        case .string(let text):
            if let seconds = Span.seconds(text) { return seconds }
            fallthrough
        default:
            expected("a time such as \"90s\", \"30m\", \"24h\" or \"7d\"", value, "$.options.expires")
            return nil
        }
    }

    mutating func model(_ value: JSONValue) -> String {
        guard let name = name(value, "$.model") else { return "default" }
        guard JobID(name) != nil else {
            report(.manifestField, "$.model", "'\(name.quoted(64))' is no model name; `lcl model list` shows them")
            return "default"
        }
        return name
    }

    // MARK: Values

    mutating func file(_ value: JSONValue, _ path: String) -> String? {
        guard case .string(let file) = value else {
            expected("a path", value, path)
            return nil
        }
        if let refusal = ManifestPath.refusal(of: file, rule: paths) {
            report(.manifestPath, path, "'\(file.quoted(80))' \(refusal)")
            return nil
        }
        return file
    }

    mutating func name(_ value: JSONValue, _ path: String) -> String? {
        name(value, path, atMost: Manifest.maximumNameLength)
    }

    mutating func name(_ value: JSONValue, _ path: String, atMost limit: Int) -> String? {
        guard case .string(let name) = value else {
            expected("a text", value, path)
            return nil
        }
        if let refusal = Manifest.refusal(ofName: name, atMost: limit) {
            report(.manifestField, path, refusal)
            return nil
        }
        return name
    }

    mutating func integer(_ value: JSONValue, _ path: String, _ range: ClosedRange<Int>) -> Int? {
        guard case .number(let number) = value, let integer = Int(exactly: number), range.contains(integer) else {
            expected("a whole number from \(range.lowerBound) to \(range.upperBound)", value, path)
            return nil
        }
        return integer
    }

    mutating func choice<T: RawRepresentable<String>>(_ value: JSONValue, _ path: String, _ cases: [T]) -> T? {
        if case .string(let text) = value, let choice = T(rawValue: text) { return choice }
        expected("one of " + cases.map { "\"\($0.rawValue)\"" }.joined(separator: ", "), value, path)
        return nil
    }

    mutating func array(_ value: JSONValue, _ path: String, atMost limit: Int) -> [JSONValue] {
        guard case .array(let items) = value else {
            expected("a list", value, path)
            return []
        }
        guard items.count <= limit else {
            report(.manifestField, path, "has \(items.count) entries; at most \(limit) are read")
            return []
        }
        return items
    }

    mutating func object(_ value: JSONValue, _ path: String, allowed: [String]) -> [String: JSONValue] {
        guard case .object(let fields) = value else {
            expected("an object", value, path)
            return [:]
        }
        for key in fields.keys.sorted() where !allowed.contains(key) {
            report(.manifestField, "\(path).\(key.quoted(64))", "is not known here; known are \(allowed.joined(separator: ", "))")
        }
        return fields
    }

    mutating func required<T>(_ value: JSONValue?, _ path: String, _ read: (inout Self, JSONValue, String) -> T?) -> T? {
        guard let value else {
            report(.manifestField, path, "is missing")
            return nil
        }
        return read(&self, value, path)
    }

    mutating func expected(_ what: String, _ value: JSONValue, _ path: String) {
        report(.manifestField, path, "is \(value.kind) that does not fit; write \(what)")
    }

    mutating func report(_ code: Failure.Code, _ path: String, _ text: String) {
        report(Failure(code, "\(path) \(text)", subject: path))
    }

    mutating func report(_ failure: Failure) {
        guard problems.count < Problems.most else { return }
        problems.append(failure)
    }
}

extension Manifest {
    /// Why `name` is refused as a label, id or title, or `nil`: it is empty, too long, or has control characters.
    static func refusal(ofName name: String, atMost limit: Int = maximumNameLength) -> String? {
        if name.isEmpty { return "is empty" }
        if name.utf8.count > limit { return "has \(name.utf8.count) bytes; at most \(limit) are allowed" }
        if name.unicodeScalars.contains(where: \.isControl) { return "has control characters" }
        if !name.isComparable { return "has more than \(String.maximumMarks) combining marks in a row" }
        return nil
    }
}
