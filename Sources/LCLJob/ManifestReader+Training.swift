// SPDX-License-Identifier: Apache-2.0

/// The part of a manifest that asks for a model.
extension ManifestReader {
    mutating func trainingJob(_ fields: [String: JSONValue]) -> Manifest {
        if fields["queries"] != nil {
            report(.trainingQueries, "$.queries", "has no place in a training, which answers nothing; leave it out, and ask the model in another job")
        }
        if fields["method"] != nil { report(.manifestField, "$.method", "has no meaning in a training; \"training\" names the strategy") }
        var manifest = Manifest(labels: [], queries: .list([]), training: training(fields["training"]))
        if let name = fields["name"] { manifest.name = self.name(name, "$.name") }
        if let model = fields["model"] { manifest.model = self.model(model) }
        if let options = fields["options"] { manifest.options = self.options(options, known: ["priority", "expires"]) }
        if let archive = fields["archive"] {
            if fields["labels"] != nil { report(.manifestField, "$.archive", "stands beside labels; name one of them") }
            manifest.archive = pattern(archive, "$.archive")
            if manifest.archive == nil { expected("a folder", archive, "$.archive") }
            if manifest.archive.map(Glob.isPattern) == true { report(.manifestPath, "$.archive", "is a pattern; name the folder that holds the labels' folders") }
            return manifest
        }
        manifest.labels = labels(fields["labels"], patterns: true)
        if problems.isEmpty, manifest.patterns.isEmpty, let shortage = manifest.shortage { report(shortage) }
        return manifest
    }

    private mutating func training(_ value: JSONValue?) -> Manifest.Training {
        var training = Manifest.Training(name: "")
        guard let value else {
            report(.manifestField, "$.training", "is missing; it names the model to make, such as {\"name\": \"beetles\"}")
            return training
        }
        let fields = object(value, "$.training", allowed: ["name", "strategy", "epochs", "seed", "shared"])
        training.name = required(fields["name"], "$.training.name") { $0.modelName($1, $2) } ?? ""
        if let strategy = fields["strategy"] { training.strategy = self.strategy(strategy) }
        if let seed = fields["seed"] { training.seed = UInt64(integer(seed, "$.training.seed", 0...(1 << 53)) ?? 1) }
        if let epochs = fields["epochs"], epochs != .null {
            training.epochs = integer(epochs, "$.training.epochs", 1...Manifest.Training.maximumEpochs)
            if training.strategy == .lda { report(.manifestField, "$.training.epochs", "has no meaning for 'lda', which is a closed form; leave it out") }
        }
        if let shared = fields["shared"] {
            if case .bool(let flag) = shared { training.shared = flag } else { expected("true or false", shared, "$.training.shared") }
        }
        return training
    }

    /// The one door for names of models to be made.
    private mutating func modelName(_ value: JSONValue, _ path: String) -> String? {
        guard let name = name(value, path) else { return nil }
        guard JobID(name) != nil else {
            report(.manifestField, path, "'\(name.quoted(64))' is no name for a model; it has 1 to 64 letters, digits, '.', '_' and '-', and begins with a letter or digit")
            return nil
        }
        return name
    }

    private mutating func strategy(_ value: JSONValue) -> Manifest.Training.Strategy {
        if case .string(let text) = value, let strategy = Manifest.Training.Strategy(rawValue: text) { return strategy }
        let known = Manifest.Training.Strategy.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        report(.trainingStrategy, "$.training.strategy", "is none of \(known)")
        return .lda
    }

    /// A folder or glob; `nil` where the value is no text.
    mutating func pattern(_ value: JSONValue, _ path: String) -> String? {
        guard case .string(let pattern) = value else { return nil }
        if let refusal = ManifestPath.refusal(of: pattern, rule: paths) { report(.manifestPath, path, "'\(pattern.quoted(80))' \(refusal)") }
        return pattern
    }
}
