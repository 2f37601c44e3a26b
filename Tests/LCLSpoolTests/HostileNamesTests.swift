// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob
import LCLSpool
import Testing

@Test func take_answers_whereNoCopyCanBeMade() throws {
    let scratch = try Scratch(), home = try scratch.layout(scratch.incoming + "/long")
    let names = [String](repeating: String(repeating: "n", count: 255), count: 15), path = names.joined(separator: "/") + "/" + String(repeating: "f", count: 250)
    var folder = open(home, O_RDONLY | O_DIRECTORY)
    for name in names {
        mkdirat(folder, name, 0o755)
        let inner = openat(folder, name, O_RDONLY | O_DIRECTORY)
        close(folder)
        folder = inner
    }
    let file = openat(folder, String(path.suffix(250)), O_WRONLY | O_CREAT, 0o644)
    #expect(Glibc.write(file, "x", 1) == 1)
    for descriptor in [folder, file] { close(descriptor) }
    try scratch.write(try scratch.manifest(["queries/a.png", path]), to: home + "/job.json")
    #expect(try scratch.accept("long").record.unreadable[path]?.code == .imageMissing)
}

@Test func take_answers_forANameThatBeginsWithAMark() throws {
    let scratch = try Scratch(), home = try scratch.layout(scratch.incoming + "/mark")
    mkdir(home + "/queries/new", 0o755)
    let file = open(home + "/queries/new/\u{301}b.png", O_WRONLY | O_CREAT, 0o644)
    #expect(Glibc.write(file, "x", 1) == 1)
    close(file)
    let job = try scratch.accept("mark")
    #expect(job.record.unreadable["queries/new/\u{FFFD}\u{301}b.png"]?.code == .imageUnreadable)
    try scratch.write(try scratch.manifest(["queries/\u{301}b.png"]), to: scratch.incoming + "/named/job.json")
    #expect(try scratch.refuse("named").problems.problems.map(\.code) == [.manifestPath])
}

@Test func take_refuses_theRootDirectoryAsAPicture() throws {
    let scratch = try Scratch(), manifest = try scratch.manifest(["/"], root: scratch.home + "/")
    try scratch.write(manifest, to: scratch.incoming + "/root.json")
    let intake = Intake(spool: scratch.spool, allowedFolders: [scratch.home, "/"])
    #expect(try scratch.refuse("root.json", intake).problems.problems.map(\.code) == [.manifestPath])
}

@Test func take_refuses_whosePathsAreTooLong_together() throws {
    let scratch = try Scratch(), home = try scratch.layout(scratch.incoming + "/long")
    var folder = open(home + "/queries", O_RDONLY | O_DIRECTORY)
    let name = String(repeating: "x", count: 255)
    for _ in 0..<14 {
        #expect(mkdirat(folder, name, 0o755) == 0)
        let inner = openat(folder, name, O_RDONLY | O_DIRECTORY)
        close(folder)
        folder = inner
    }
    for i in 0..<20_000 { #expect(symlinkat("x", folder, "\(i)") == 0) }
    close(folder)
    let job = try scratch.refuse("long")
    #expect(job.problems.problems.map(\.code) == [.jobTooLarge])
}

@Test func take_answers_forANameOfManyMarks() throws {
    let scratch = try Scratch(), home = try scratch.layout(scratch.incoming + "/marks")
    try scratch.write("x", to: home + "/queries/a" + String(repeating: "\u{301}", count: 100) + ".png")
    let job = try scratch.accept("marks")
    #expect(job.queries.count == 3 && job.record.unreadable.values.map(\.code) == [.imageUnreadable])
}

@Test func entriesOfOneName_allGetTheirOwn() throws {
    let scratch = try Scratch(), names = (0..<15).map { "same name\(String(repeating: " ", count: 60))\($0)" }
    for name in names { try scratch.layout(scratch.incoming + "/" + name) }
    let jobs = try scratch.takeAll(moved: names).compactMap { if case .accepted(let job) = $0 { job.id } else { nil } }
    #expect(Set(jobs).count == 15)
}
