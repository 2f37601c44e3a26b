// SPDX-License-Identifier: Apache-2.0
import LCLJob

/// The first line is a pattern and a job's name, the others the names of a directory's files: what the layout or the pattern makes
/// of them can be written and read again, and names no file that is not there.
final class LayoutDoor: FuzzDoor {
    func check(_ input: [UInt8]) throws {
        let lines = input.split(separator: UInt8(ascii: "\n"), maxSplits: 400, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
        let files = Self.files(lines.dropFirst())
        try checkName(lines[0])
        if case .success(let manifest) = Manifest.fromLayout(files: files) { try check(manifest, files) }
        guard ManifestPath.refusal(of: lines[0], rule: .beneath) == nil else { return }
        let labels = ["a", "b"].map { Manifest.Label(name: $0, support: ["support/\($0)"]) }
        let manifest = Manifest(labels: labels, queries: .pattern(lines[0]))
        try manifest.checkWriting()
        if case .success(let resolved) = manifest.resolvingQueries(files: files) { try check(resolved, files) }
    }

    /// As a listing gives them: paths of one component or more, each once by its bytes, without what would lead out.
    private static func files(_ lines: some Sequence<String>) -> [String] {
        var seen: Set<[UInt8]> = []
        return lines.filter { line in
            ManifestPath.refusal(of: line, rule: .beneath) == nil && !line.hasSuffix("/") && !line.utf8.split(separator: 47, omittingEmptySubsequences: false).contains { $0.isEmpty || $0.elementsEqual(".".utf8) }
                && seen.insert(Array(line.utf8)).inserted
        }
    }

    private func check(_ manifest: Manifest, _ files: [String]) throws {
        try manifest.checkWriting()
        guard case .list(let queries) = manifest.queries else { throw Violation(description: "queries are listed") }
        let known = Set(files.map { Array($0.utf8) })
        for query in queries { try require(known.contains(Array(query.image.utf8)), "a query is a file that is there: \(query.image.debugDescription)") }
    }

    private func checkName(_ name: String) throws {
        let id = JobID(slug: name)
        try require(JobID(id.rawValue) == id, "a name that was made to fit fits")
        for n in [2, 1_000_000, Int.max] { try require(JobID(id.numbered(n).rawValue) != nil, "a numbered name fits") }
        _ = Span.seconds(name)
    }
}
