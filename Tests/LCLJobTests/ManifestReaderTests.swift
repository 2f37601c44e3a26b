// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import Testing

struct ManifestReaderTests {
    private static let good = """
        {"schema": "lcl/job/1", "name": "cactihog or hedgehog", "model": "default", "method": "link",
         "labels":  [{"name": "cactihog", "support": ["support/p1.jpg", "support/p2.jpg"]},
                     {"name": "hedgehog", "support": ["support/n1.jpg", "support/n2.jpg"]}],
         "queries": [{"id": "q1", "image": "queries/a.jpg", "expected": "cactihog"}, "queries/b.jpg"],
         "options": {"priority": 5, "unknown": 0.5, "top": 2, "seed": 7, "expires": "24h", "transductive": true}}
        """

    private func read(_ text: String, paths: ManifestPath.Rule = .beneath) -> Result<Manifest, Problems> {
        Manifest.read(Data(text.utf8), paths: paths)
    }

    private func problems(_ text: String, paths: ManifestPath.Rule = .beneath) -> [Failure] {
        if case .failure(let problems) = read(text, paths: paths) { problems.problems } else { [] }
    }

    @Test func read_keepsEveryField_whenTheManifestIsGood() throws {
        let manifest = try read(Self.good).get()
        #expect(manifest.name == "cactihog or hedgehog")
        #expect(manifest.labels.map(\.name) == ["cactihog", "hedgehog"])
        #expect(manifest.labels[1].support == ["support/n1.jpg", "support/n2.jpg"])
        #expect(manifest.queries == .list([
            .init(id: "q1", image: "queries/a.jpg", expected: "cactihog"), .init(id: "queries/b.jpg", image: "queries/b.jpg"),
        ]))
        #expect(manifest.options.priority == 5)
        #expect(manifest.options.unknown == .below(0.5))
        #expect(manifest.options.top == 2)
        #expect(manifest.options.seed == 7)
        #expect(manifest.options.expires == 86_400)
        #expect(manifest.options.transductive)
    }

    /// Such a key, compared once, would take minutes; and such a text, as one character, would be quoted whole.
    @Test func document_isRefusedAtOnce_whateverItHasTooMuchOf() {
        let marks = String(repeating: "\u{301}", count: 300_000) + String(repeating: "\u{323}", count: 300_000)
        let texts = [
            "{\"a\(marks)\": 0}", "{\"schema\": \"a\(marks)\"}", "{\"queries\": [\(String(repeating: "0,", count: Manifest.maximumQueries * 8))0]}",
            "{\"a\(String(repeating: #"\u0301"#, count: 1000))\" : 0}",
        ]
        let start = ContinuousClock.now
        for text in texts {
            let problems = problems(text)
            #expect(problems.map(\.code) == [.manifestJSON] && problems[0].message.utf8.count < 1000)
        }
        #expect(.now - start < .seconds(30))
    }

    @Test func path_isRefused_withMoreMarksThanAnyLanguageHas() throws {
        func manifest(_ marks: Int) -> String {
            Self.good.replacingOccurrences(of: "queries/b.jpg", with: "queries/b" + String(repeating: "\u{301}", count: marks))
        }
        #expect(problems(manifest(30)) == [])
        let refused = problems(manifest(31))
        #expect(refused.map(\.code) == [.manifestPath] && refused[0].message.contains("combining marks"))
        #expect(problems(Self.good.replacingOccurrences(of: "hedgehog", with: "h" + String(repeating: "\u{323}", count: 60))).allSatisfy { $0.code == .manifestField })
    }

    @Test func quotation_isBounded_whateverACharacterIs() {
        let long = "a" + String(repeating: "\u{301}", count: 1000)
        #expect(long.count == 1 && long.quoted(40).utf8.count == 39 && "ab".quoted(2) == "ab" && "a\u{E9}".quoted(2) == "a")
    }

    @Test func coding_givesTheSameManifest_afterARoundTrip() throws {
        for text in [Self.good, Self.good.replacingOccurrences(of: "0.5", with: "\"off\"")] {
            let manifest = try read(text).get()
            #expect(try CanonicalJSON.decode(Manifest.self, from: CanonicalJSON.encode(manifest)) == manifest)
        }
    }

    @Test func read_reportsEveryMistakeAtOnce_withItsPath() {
        let found = problems("""
            {"schema": "lcl/job/9", "colour": 1, "model": "../x", "method": "magic",
             "labels": [{"name": "a", "support": ["../a.jpg", "/etc/passwd", "s/x.jpg"]},
                        {"name": "a", "support": []}, {"nome": "b"}],
             "queries": [{"id": "q", "image": "q/1.jpg"}, {"id": "q", "image": "q/2.jpg"}, 7],
             "options": {"priority": 101, "unknown": 2, "top": 0, "expires": "soon", "seed": -1, "transductive": "yes"}}
            """)
        let subjects = found.compactMap(\.subject)
        for path in [
            "$.schema", "$.colour", "$.model", "$.method", "$.labels[0].support[0]", "$.labels[0].support[1]", "$.labels[1].name",
            "$.labels[1].support", "$.labels[2].nome", "$.labels[2].name", "$.labels[2].support", "$.queries[1]", "$.queries[2]",
            "$.options.priority", "$.options.unknown", "$.options.top", "$.options.expires", "$.options.seed", "$.options.transductive",
        ] { #expect(subjects.contains(path), "\(path) is not reported") }
        #expect(found.allSatisfy { $0.message.hasPrefix($0.subject ?? "-") })
    }

    @Test(arguments: [
        ("", Failure.Code.manifestJSON), ("{", .manifestJSON), ("[]", .manifestField), ("{}", .manifestSchema),
        (String(repeating: "[", count: 100_000), .manifestJSON),
        (#"{"schema":"lcl/job/1","labels":[{"name":"a","support":["a"]}],"queries":["q"]}"#, .supportFewLabels),
        (#"{"schema":"lcl/job/1","labels":[{"name":"a","support":["a"]},{"name":"b","support":[]}],"queries":["q"]}"#, .supportEmpty),
        (#"{"schema":"lcl/job/1","labels":[{"name":"a","support":["a"]},{"name":"b","support":["a"]}],"queries":["q"]}"#, .supportConflict),
        (#"{"schema":"lcl/job/1","labels":[{"name":"a","support":["a"]},{"name":"b","support":["b"]}],"queries":[]}"#, .queriesEmpty),
        (#"{"schema":"lcl/job/1","labels":[{"name":"a","support":["a"]},{"name":"b","support":["b"]}],"queries":["q","q"]}"#, .manifestDuplicate),
        (#"{"schema":"lcl/job/1","labels":[{"name":"a","support":["a\u0000"]},{"name":"b","support":["b"]}],"queries":["q"]}"#, .manifestPath),
        (#"{"schema":"lcl/job/1","labels":[{"name":"a\nb","support":["a"]},{"name":"b","support":["b"]}],"queries":["q"]}"#, .manifestField),
    ])
    func read_refuses_withTheCodeOfTheMistake(text: String, code: Failure.Code) {
        #expect(problems(text).map(\.code).contains(code))
    }

    @Test func read_refusesALabelOfOneMegabyte_withoutRepeatingIt() {
        let name = String(repeating: "x", count: 1 << 20)
        let found = problems(#"{"schema":"lcl/job/1","labels":[{"name":"\#(name)","support":["a"]},{"name":"b","support":["b"]}],"queries":["q"]}"#)
        #expect(found.map(\.code) == [.manifestJSON])
        #expect(found[0].message.utf8.count < 200 && found[0].message.contains("in line 1"))
    }

    @Test(arguments: [
        ("{\"schema\": \"lcl/job/1\",\n \"name\": \"x\"\n \"labels\": []}", "line 3, column 2: invalid value"),
        ("{\"name\": \"é\n\"}", "line 1, column 13: unescaped control character"), ("{\"name\": 1", "Unexpected end of file during JSON parse."),
    ])
    func read_saysWhereATextIsNotJSON(text: String, mistake: String) {
        #expect(problems(text).map(\.message) == ["the file is not valid JSON: \(mistake)"])
    }

    @Test func read_refusesTextThatIsNotUTF8() {
        let found = Manifest.read(Data([0x7B, 0x22, 0xFF, 0x22, 0x7D]))
        #expect(throws: Problems(Failure(.manifestJSON, "the file is not UTF-8 text; save it as UTF-8"))) { try found.get() }
    }

    @Test func read_takesAbsolutePathsOnly_fromABareManifest() throws {
        let text = #"{"schema":"lcl/job/1","labels":[{"name":"a","support":["/srv/a"]},{"name":"b","support":["/srv/b"]}],"queries":"/srv/q"}"#
        #expect(try read(text, paths: .absolute).get().queries == .pattern("/srv/q"))
        #expect(problems(text).count == 3)
    }
}
