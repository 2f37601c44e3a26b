// SPDX-License-Identifier: Apache-2.0

extension Manifest {
    /// The manifest of a directory that has none: `support/LABEL/...` and `queries/...`.
    ///
    /// `files` are the directory's regular files, as paths relative to it; hidden ones are passed over. Every other file is
    /// taken for a picture, whatever its extension, so that nothing is left out without a word.
    public static func fromLayout(files: [String]) -> Result<Manifest, Problems> {
        var labels: [String: [String]] = [:], problems: [Failure] = []
        for file in files where !ManifestPath.isIgnored(file) {
            let parts = file.split(separator: "/", omittingEmptySubsequences: false)
            guard parts[0] == "support" else { continue }
            if parts.count < 3 {
                problems.append(Failure(.manifestPath, "'\(file)' lies in no label's folder; move it to support/LABEL/", subject: file))
            } else if let refusal = refusal(ofName: String(parts[1])) {
                problems.append(Failure(.manifestField, "the label of '\(file)' \(refusal)", subject: file))
            } else {
                labels[String(parts[1]), default: []].append(file)
            }
        }
        if labels.count < 2 {
            problems.append(Failure(.supportFewLabels, "there is no \(Manifest.fileName), and support/ holds \(labels.count) folder(s) with pictures; a verdict needs at least two labels to choose between", subject: "support"))
        }
        guard problems.isEmpty else { return .failure(Problems(problems)) }
        return Manifest(labels: labels.sorted { $0.key < $1.key }.map { Label(name: $0.key, support: $0.value.sorted()) }, queries: .pattern("queries"))
            .resolvingQueries(files: files)
    }

    /// This manifest with a folder or glob of queries replaced by the list of the files that it names, sorted by path.
    ///
    /// `files` as for ``fromLayout(files:)``. A query's id is its path.
    public func resolvingQueries(files: [String]) -> Result<Manifest, Problems> {
        guard case .pattern(let pattern) = queries else { return .success(self) }
        let found = Self.matching(pattern, files.filter { !ManifestPath.isIgnored($0) })
        guard !found.isEmpty else {
            return .failure(Problems(Failure(.queriesEmpty, "'\(pattern)' names no file; put at least one picture there", subject: pattern)))
        }
        guard found.count <= Self.maximumQueries else {
            return .failure(Problems(Failure(.manifestField, "'\(pattern)' names \(found.count) files; at most \(Self.maximumQueries) are read", subject: pattern)))
        }
        var copy = self
        copy.queries = .list(found.sorted().map { Query(id: $0, image: $0) })
        return copy.checked(paths: pattern.hasPrefix("/") ? .absolute : .beneath)
    }

    /// Names that were found pass the same door as names that were written, so that what is made of them can be read again: there may
    /// be too many, and two may be the same text in two spellings of Unicode.
    private func checked(paths: ManifestPath.Rule) -> Result<Manifest, Problems> {
        guard case .list(let queries) = queries else { preconditionFailure("the queries were resolved before") }
        let labels = labels.map { label in
            JSONValue.object(["name": .string(label.name), "support": .array(label.support.map(JSONValue.string))])
        }
        let document = JSONValue.object([
            "schema": .string(Self.schemaName), "labels": .array(labels), "queries": .array(queries.map { .string($0.image) }),
        ])
        return Manifest.read(document, paths: paths).map { _ in self }
    }

    /// This manifest without its list of queries, for messages that carry them apart.
    public func withoutQueries() -> Manifest {
        var copy = self
        copy.queries = .pattern("queries")
        return copy
    }
}
