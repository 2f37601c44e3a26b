// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import Testing
import lclctl

private let jpeg = Data([0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 74, 70]), png = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])

/// A directory with these files, gone after `body`.
private func withFiles(_ files: [String: Data], _ body: (String) throws -> Void) throws {
    let root = FileManager.default.temporaryDirectory.path + "/lcl-\(UInt32.random(in: 0 ... .max))"
    defer { try? FileManager.default.removeItem(atPath: root) }
    for (path, data) in files {
        let url = URL(fileURLWithPath: root + "/" + path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: url)
    }
    try body(root)
}

private func codes(_ path: String) -> [Failure.Code] {
    switch JobSource.read(path) {
    case .success(let source): source.pictureProblems().map(\.code)
    case .failure(let problems): problems.problems.map(\.code)
    }
}

@Test func layout_isRead_whenThereIsNoManifest() throws {
    try withFiles(["support/cat/1.jpg": jpeg, "support/dog/1.png": png, "queries/a/x.jpg": jpeg, "queries/.hidden": Data()]) { root in
        let source = try JobSource.read(root).get()
        #expect(source.manifest.labels.map(\.name) == ["cat", "dog"])
        #expect(source.manifest.queries == .list([.init(id: "queries/a/x.jpg", image: "queries/a/x.jpg")]))
        #expect(source.pictureProblems().isEmpty)
    }
}

@Test func problems_areToldAllAtOnceWithTheirPlaces() throws {
    let manifest = Data("""
        {"schema": "lcl/job/1", "labels": [{"name": "a", "support": ["1.jpg", "gone.jpg"]}, {"name": "b", "support": ["empty.jpg"]}],
         "queries": [{"id": "q", "image": "text.jpg"}, {"id": "d", "image": "folder"}]}
        """.utf8)
    try withFiles(["job.json": manifest, "1.jpg": jpeg, "empty.jpg": Data(), "text.jpg": Data("hello world".utf8), "folder/x": jpeg]) { root in
        let problems = try JobSource.read(root).get().pictureProblems()
        #expect(problems.map(\.code) == [.imageMissing, .imageEmpty, .imageUnsupported, .imageNotAFile])
        #expect(problems.map(\.subject) == ["$.labels[0].support[1]", "$.labels[1].support[0]", "$.queries[0].image", "$.queries[1].image"])
    }
}

@Test func manifestMistakes_areToldAllAtOnce() throws {
    let manifest = Data("{\"schema\": \"lcl/job/1\", \"labels\": [], \"queries\": [], \"extra\": 1}".utf8)
    try withFiles(["job.json": manifest]) { root in
        #expect(codes(root).count == 3)
        #expect(codes(root) == codes(root + "/job.json"))
        #expect(codes(root + "/nothing") == [.jobUnreadable])
    }
}

@Test func pattern_isExpandedBesideTheManifest() throws {
    let manifest = Data("""
        {"schema": "lcl/job/1", "labels": [{"name": "a", "support": ["1.jpg"]}, {"name": "b", "support": ["2.jpg"]}], "queries": "new/*.jpg"}
        """.utf8)
    try withFiles(["j.json": manifest, "1.jpg": jpeg, "2.jpg": jpeg, "new/b.jpg": jpeg, "new/a.jpg": jpeg, "new/c.txt": jpeg]) { root in
        let source = try JobSource.read(root + "/j.json").get()
        #expect(source.paths == ["1.jpg", "2.jpg", "new/a.jpg", "new/b.jpg"])
    }
}

@Test func absolutePaths_areTaken_whenAManifestHasOnlySuch() throws {
    try withFiles(["1.jpg": jpeg, "2.jpg": jpeg, "new/a.jpg": jpeg]) { root in
        let manifest = Data("""
            {"schema": "lcl/job/1", "labels": [{"name": "a", "support": ["\(root)/1.jpg"]}, {"name": "b", "support": ["\(root)/2.jpg"]}], "queries": "\(root)/new/*.jpg"}
            """.utf8)
        try manifest.write(to: URL(fileURLWithPath: root + "/j.json"))
        let source = try JobSource.read(root + "/j.json").get(), staging = Staging(source)
        #expect(source.pictureProblems().isEmpty)
        #expect(staging.copies.map(\.from) == ["\(root)/1.jpg", "\(root)/2.jpg", "\(root)/new/a.jpg"])
        #expect(staging.copies.map(\.to) == ["support/1/1.jpg", "support/2/2.jpg", "queries/a.jpg"])
        #expect(try Manifest.read(CanonicalJSON.encode(staging.manifest)).get() == staging.manifest)
    }
}

@Test func looseFiles_becomeAJob_withNamesOfTheirOwn() throws {
    try withFiles(["cats/1.jpg": jpeg, "cats/2.jpg": jpeg, "more/1.jpg": jpeg, "dogs/1.jpg": jpeg, "new/x.jpg": jpeg, "old/x.jpg": jpeg]) { root in
        let labels = ["cat=\(root)/cats/*.jpg", "dog=\(root)/dogs", "cat=\(root)/more/*"].compactMap(LooseFiles.LabelArgument.init)
        let staging = Staging(try LooseFiles.source(labels: labels, queries: ["\(root)/new/x.jpg", "\(root)/old/x.jpg"]).get())
        #expect(staging.manifest.labels == [
            .init(name: "cat", support: ["support/1/1.jpg", "support/1/2.jpg", "support/1/2-1.jpg"]), .init(name: "dog", support: ["support/2/1.jpg"]),
        ])
        #expect(staging.manifest.queries == .list([
            .init(id: "\(root)/new/x.jpg", image: "queries/x.jpg"), .init(id: "\(root)/old/x.jpg", image: "queries/2-x.jpg"),
        ]))
        #expect(staging.copies.count == 6)
    }
}

@Test func looseFiles_areRefused_whenAPatternFitsNothing() throws {
    try withFiles(["cats/1.jpg": jpeg]) { root in
        let labels = ["cat=\(root)/cats/*.jpg", "dog=\(root)/dogs/*.jpg"].compactMap(LooseFiles.LabelArgument.init)
        guard case .failure(let problems) = LooseFiles.source(labels: labels, queries: ["\(root)/none"]) else {
            Issue.record("nothing fits, and still it is a job")
            return
        }
        #expect(problems.problems.map(\.code) == [.supportEmpty, .queriesEmpty])
    }
}

@Test func labelArgument_needsANameAndAPattern() {
    #expect(LooseFiles.LabelArgument("a=b=c").map { [$0.name, $0.pattern] } == ["a", "b=c"])
    for text in ["a", "=b", "a=", ""] { #expect(LooseFiles.LabelArgument(text) == nil) }
}

@Test func link_isAMistake_whereIntakeWouldRefuseIt() throws {
    try withFiles(["support/cat/1.jpg": jpeg, "support/dog/1.png": png, "queries/x.jpg": jpeg]) { root in
        try FileManager.default.createSymbolicLink(atPath: root + "/queries/link.jpg", withDestinationPath: "x.jpg")
        let source = try JobSource.read(root).get()
        #expect(source.linkProblems().map(\.code) == [.imageOutside])
        #expect(source.linkProblems().map(\.subject) == ["queries/link.jpg"])
    }
}

/// Nothing of a job is passed over in silence.
@Test func folder_isAMistake_whereItIsALinkOrMayNotBeListed() throws {
    try withFiles(["job/support/cat/1.jpg": jpeg, "job/support/dog/1.png": png, "job/queries/x.jpg": jpeg, "other/y.jpg": jpeg]) { root in
        try FileManager.default.createSymbolicLink(atPath: root + "/link", withDestinationPath: "job")
        #expect(try JobSource.read(root + "/link").get().manifest.labels.count == 2, "what the user names is followed")
        try FileManager.default.createSymbolicLink(atPath: root + "/job/queries/.more", withDestinationPath: "../../other")
        #expect(codes(root + "/job") == [])
        try FileManager.default.createSymbolicLink(atPath: root + "/job/queries/more", withDestinationPath: "../../other")
        #expect(codes(root + "/job") == [.jobUnreadable])
        let manifest = Data(#"{"schema": "lcl/job/1", "labels": [{"name": "a", "support": ["support/cat/1.jpg"]}, {"name": "b", "support": ["support/dog/1.png"]}], "queries": "queries"}"#.utf8)
        try manifest.write(to: URL(fileURLWithPath: root + "/job/job.json"))
        #expect(codes(root + "/job") == [.jobUnreadable])
        try Data(String(decoding: manifest, as: UTF8.self).replacing(#""queries": "queries""#, with: #""queries": "support/cat""#).utf8).write(to: URL(fileURLWithPath: root + "/job/job.json"))
        #expect(codes(root + "/job") == [], "no query lies behind it")
        guard geteuid() != 0 else { return }
        chmod(root + "/job/support/cat", 0)
        defer { chmod(root + "/job/support/cat", 0o755) }
        #expect(codes(root + "/job").first == .jobUnreadable)
    }
}
