// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor
import LCLTraining
import Testing

private func withFile<R>(_ text: String, _ body: (String) throws -> R) throws -> R {
    let path = NSTemporaryDirectory() + "lcl-\(UUID().uuidString).jsonl"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try body(path)
}

private func question(_ label: String, _ query: String = "q.png") -> String {
    """
    {"image_name": "\(query)", "positive_list": ["p/1.png", "p/2.png"], "negative_list": ["n/1.png", "n/2.png"], \
    "positive_promt": "cactihog", "negative_promt": "hedgehog", "label_name": "\(label)"}
    """
}

@Test func isekaiFile_isReadAsItIs() throws {
    let episodes = try withFile(question("hedgehog") + "\n\n" + question("cactihog") + "\n") { try PaperFile.isekai($0, images: "/i") }
    #expect(episodes.count == 2)
    #expect(
        episodes[0]
            == PaperEpisode(
                names: ["cactihog", "hedgehog"], supports: [["/i/p/1.png", "/i/p/2.png"], ["/i/n/1.png", "/i/n/2.png"]],
                query: "/i/q.png", label: 1))
    #expect(episodes[1].label == 0)
}

@Test(arguments: ["{", "[]", "{\"image_name\": 3}", question("dog")])
func isekaiFile_isRefused_withItsLine(text: String) throws {
    #expect {
        try withFile(question("cactihog") + "\n" + text + "\n") { try PaperFile.isekai($0, images: "/i") }
    } throws: { error in
        if case TrainingError.list(_, let line, _) = error { line == 2 } else { false }
    }
    #expect(throws: TrainingError.self) { try withFile("\n") { try PaperFile.isekai($0, images: "/i") } }
}

private let classes = """
    {"class_name": "a", "samples": ["a1", "a2", "a3"], "neighbors": [[1, "b", "b1"], ["2", "c", "c1"], [2, "c", "c2"], [0, "a", "a1"], [3, "d", "d1"]]}
    {"class_name": "b", "samples": ["b1", "b2"], "neighbors": [[0, "a", "a1"]]}
    """

@Test func pairsFile_givesQuestionsAgainstNeighbours() throws {
    let episodes = try withFile(classes) { try PaperFile.pairs($0, images: "/i", queries: 200, seed: 1) }
    #expect(episodes.count == 400)
    for episode in episodes {
        let own = ["a": ["a1", "a2", "a3"], "b": ["b1", "b2"], "c": ["c1", "c2"]]
        for (label, name) in episode.names.enumerated() {
            let pictures = episode.supports[label] + (label == episode.label ? [episode.query] : [])
            #expect(pictures.sorted() == own[name]!.map { "/i/\($0)" })
        }
    }
    let negatives = episodes.filter { $0.names[0] == "a" }.map { $0.names[1] }
    #expect(Set(negatives) == ["b", "c"], "d is one picture; a class is no neighbour of itself")
    #expect((70...130).contains(negatives.count { $0 == "b" }))
    #expect((150...250).contains(episodes.count { $0.label == 0 }))
    #expect(try withFile(classes) { try PaperFile.pairs($0, images: "/i", queries: 200, seed: 1) } == episodes)
}

@Test func paperEvaluation_asksEachQuestion_andCountsWhatItCannot() throws {
    func point(_ x: Float, _ y: Float) -> [Float] { [x, y] }
    let pictures = ["p1": point(9, 1), "p2": point(8, 2), "n1": point(1, 9), "n2": point(2, 8), "q": point(9, 2)]
    let names = pictures.keys.sorted()
    let table = FeatureTable(
        taps: ["t"], widths: [2], features: Matrix(names.map { pictures[$0]! }),
        classes: names.enumerated().map { FeatureTable.Class(source: "", name: $1, rows: [$0]) })
    func episode(_ query: String, _ label: Int) -> PaperEpisode {
        PaperEpisode(names: ["x", "y"], supports: [["p1", "p2"], ["n1", "n2"]], query: query, label: label)
    }
    let evaluation = PaperEvaluation([episode("q", 0), episode("q", 0), episode("q", 1), episode("missing", 0)])
    #expect(evaluation.pictures.pictures == ["missing", "n1", "n2", "p1", "p2", "q"])
    let cells = try evaluation.run(table, method: NearestMean(space: FeatureSpace([FeatureSpace.Part(tap: "t", mean: [2, 2])])), supports: [2, 4, 6])
    #expect(cells.map(\.n) == [2, 4, 6] && cells.map(\.questions) == [3, 3, 0] && cells.map(\.leftOut) == [1, 1, 4])
    #expect(abs(cells[0].accuracy - 200.0 / 3) < 1e-9)
}
