// SPDX-License-Identifier: Apache-2.0
import LCLJob
import Testing

struct ManifestLayoutTests {
    @Test func layout_becomesAManifest_sortedAndWithoutHiddenFiles() throws {
        let manifest = try Manifest.fromLayout(files: [
            "queries/b.jpg", "queries/a.png", "queries/.DS_Store", "support/cat/2.jpg", "support/cat/1.jpg", "support/bee/x/1.jpg",
            "support/.hidden/1.jpg", "support/cat/Thumbs.db", "notes.txt",
        ]).get()
        #expect(manifest.labels == [.init(name: "bee", support: ["support/bee/x/1.jpg"]), .init(name: "cat", support: ["support/cat/1.jpg", "support/cat/2.jpg"])])
        #expect(manifest.queries == .list([.init(id: "queries/a.png", image: "queries/a.png"), .init(id: "queries/b.jpg", image: "queries/b.jpg")]))
    }

    @Test func layout_isRefused_whenSupportsLieInNoFolder() {
        #expect(throws: Problems.self) { try Manifest.fromLayout(files: ["support/1.jpg", "support/a/1.jpg", "support/b/1.jpg", "queries/q.jpg"]).get() }
    }

    @Test func layout_isRefused_withOneLabelOrNoQueries() {
        #expect(code(of: ["support/a/1.jpg", "queries/q.jpg"]) == .supportFewLabels)
        #expect(code(of: ["support/a/1.jpg", "support/b/1.jpg"]) == .queriesEmpty)
    }

    @Test func layout_isRefused_whenTwoNamesAreOneText() {
        let labels = ["support/a/1.jpg", "support/b/1.jpg"]
        #expect(code(of: labels + ["queries/\u{e9}.jpg", "queries/e\u{301}.jpg"]) == .manifestDuplicate)
        #expect(code(of: labels + ["queries/q.jpg", "support/\u{e9}/1.jpg", "support/e\u{301}/1.jpg"]) == .manifestDuplicate)
    }

    @Test(arguments: ["\u{7}", "\u{7f}", "\u{85}"]) func paths_areRefused_withAControlCharacter(_ control: String) {
        #expect(ManifestPath.refusal(of: "a\(control)", rule: .beneath) == "has control characters")
        #expect(code(of: ["support/a/1.jpg", "support/b/1.jpg", "queries/\(control).jpg"]) != nil)
    }

    @Test func layout_isRefused_withMoreLabelsThanAManifestMayHave() {
        #expect(code(of: (0...Manifest.maximumLabels).map { "support/\($0)/1.jpg" } + ["queries/q.jpg"]) == .manifestField)
    }

    @Test func queries_ofAGlob_areTheFilesThatMatch() throws {
        let labels = ["a", "b"].map { Manifest.Label(name: $0, support: ["support/\($0).jpg"]) }
        let manifest = Manifest(labels: labels, queries: .pattern("in/*.jpg"))
        let resolved = try manifest.resolvingQueries(files: ["in/b.jpg", "in/a.jpg", "in/x/c.jpg", "in/d.png"]).get()
        #expect(resolved.queries == .list([.init(id: "in/a.jpg", image: "in/a.jpg"), .init(id: "in/b.jpg", image: "in/b.jpg")]))
    }

    private func code(of files: [String]) -> Failure.Code? {
        if case .failure(let problems) = Manifest.fromLayout(files: files) { problems.problems.first?.code } else { nil }
    }
}

struct GlobTests {
    @Test(arguments: [
        ("*.jpg", "a.jpg", true), ("*.jpg", "x/a.jpg", false), ("**/*.jpg", "x/y/a.jpg", true), ("**/*.jpg", "a.jpg", true),
        ("q/**", "q/a/b", true), ("q/?.png", "q/a.png", true), ("q/?.png", "q/ab.png", false), ("[a-c]x", "bx", true),
        ("[!a-c]x", "bx", false), ("[!a-c]x", "dx", true), ("[]]x", "]x", true), ("[x", "[x", true), ("a*b*c", "aXbYc", true),
        ("a*b*c", "aXbY", false), ("ä?", "äö", true),
    ])
    func glob_matches_asTheShellDoes(pattern: String, path: String, expected: Bool) {
        #expect(Glob(pattern).matches(path) == expected)
    }

    @Test func glob_staysLinear_onAPatternThatDefeatsBacktracking() {
        let glob = Glob(String(repeating: "*a", count: 60) + "b")
        #expect(!glob.matches(String(repeating: "a", count: 2000)))
    }
}
