// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTraining
import Testing

private func read(_ text: String) throws -> (tree: PictureTree, folder: String) {
    let folder = NSTemporaryDirectory() + "lcl-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try text.write(toFile: "\(folder)/list.csv", atomically: true, encoding: .utf8)
    return (try PictureTree(list: "\(folder)/list.csv"), folder)
}

@Test func list_givesClassesInOrder() throws {
    let (tree, folder) = try read("path,class\nb.png,cat\r\n\n/a/c.jpg,ant\nd.png,cat\n")
    #expect(tree.classes.map(\.name) == ["ant", "cat"])
    #expect(tree.classes.map(\.pictures) == [["/a/c.jpg"], ["\(folder)/b.png", "\(folder)/d.png"]])
    #expect(tree.classes.allSatisfy { $0.source.isEmpty })
}

@Test func list_mayHaveSources_andQuotedFields() throws {
    let (tree, folder) = try read("path,class,source\n\"a,\"\"b\"\".png\",\"the\ncat\",x\nc.png,dog,w")
    #expect(tree.classes.map(\.source) == ["w", "x"])
    #expect(tree.classes[1].name == "the\ncat")
    #expect(tree.classes[1].pictures == ["\(folder)/a,\"b\".png"])
}

@Test(arguments: [
    ("a.png,cat\n", 1), ("path,class\na.png\n", 2), ("path,class\n\na.png,cat\nb.png,\n", 4), ("path,class\n", 1), ("", 1),
    ("path,class\n\"a.png,cat\n", 2), ("path,class\na.png,cat,x\n", 2),
])
func list_isRefused_withItsLine(text: String, line: Int) {
    #expect {
        try read(text)
    } throws: { error in
        if case TrainingError.list(_, let found, _) = error { found == line } else { false }
    }
}

@Test func list_isRefused_whenMissing() {
    #expect(throws: TrainingError.self) { try PictureTree(list: "/nowhere/list.csv") }
}
