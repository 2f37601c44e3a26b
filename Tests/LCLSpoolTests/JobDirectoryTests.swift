// SPDX-License-Identifier: Apache-2.0
import CPosix
import Foundation
import Glibc
import LCLJob
import LCLSpool
import Testing

/// A job directory with one of everything that may lie in a stranger's.
private struct Zoo {
    let scratch: Scratch
    let path: String

    init() throws {
        scratch = try Scratch()
        path = scratch.home + "/job"
        try scratch.write("outside", to: scratch.home + "/secret")
        try scratch.write("inside", to: path + "/folder/good.png")
        try scratch.write("", to: path + "/empty.png")
        symlink("folder/good.png", path + "/link.png")
        symlink("../secret", path + "/leads-out.png")
        symlink("folder", path + "/linked-folder")
        mkfifo(path + "/fifo.png", 0o644)
        truncate(path: path + "/giant.png", to: 1 << 40)
    }

    private func truncate(path: String, to size: Int) {
        let file = open(path, O_CREAT | O_WRONLY, 0o644)
        ftruncate(file, size)
        close(file)
    }
}

@Test func read_givesTheBytes_ofAFileInAFolder() throws {
    let zoo = try Zoo()
    #expect(try JobDirectory(path: zoo.path).read("folder/good.png") == Array("inside".utf8))
    #expect(try JobDirectory(path: zoo.path).read("./folder//good.png") == Array("inside".utf8))
}

@Test(arguments: [
    ("missing.png", Failure.Code.imageMissing), ("folder/good.png/x", .imageMissing), ("folder/good.png/", .imageMissing), ("", .imageMissing),
    ("nul\0.png", .imageMissing), (String(repeating: "n", count: 300), .imageMissing),
    ("link.png", .imageOutside), ("leads-out.png", .imageOutside), ("linked-folder/good.png", .imageOutside), ("../secret", .imageOutside),
    ("folder/../../secret", .imageOutside), ("/etc/passwd", .imageOutside), ("fifo.png", .imageNotAFile), ("folder", .imageNotAFile),
    ("empty.png", .imageEmpty), ("giant.png", .imageTooLarge),
])
func read_throwsItsCode_onAHostileName(file: String, code: Failure.Code) throws {
    let zoo = try Zoo(), directory = try JobDirectory(path: zoo.path)
    let failure = #expect(throws: Failure.self) { try directory.read(file) }
    #expect(failure?.code == code, "\(file)")
    #expect(failure?.subject == file)
}

@Test func read_respectsTheLimit_atItsEdge() throws {
    let zoo = try Zoo(), directory = try JobDirectory(path: zoo.path)
    #expect(try directory.read("folder/good.png", upTo: 6).count == 6)
    #expect(throws: Failure.self) { try directory.read("folder/good.png", upTo: 5) }
}

@Test(arguments: [
    "folder/good.png", "./folder//good.png", "missing", "folder/good.png/x", "folder/good.png/", "", "link.png", "linked-folder/good.png", "linked-folder",
    "../secret", "folder/../../secret", "/etc/passwd", "folder", ".", "folder/",
])
func openBeneath_agreesWithTheKernel_whereTheKernelHasNoSuchCall(path: String) throws {
    let zoo = try Zoo(), folder = open(zoo.path, O_RDONLY | O_DIRECTORY)
    defer { close(folder) }
    func outcome(_ call: (Int32, UnsafePointer<CChar>, Int32) -> Int32) -> Int32 {
        let file = call(folder, path, O_RDONLY | O_NONBLOCK), cause = errno
        if file >= 0 { close(file) }
        return file < 0 ? cause : 0
    }
    #expect(outcome(cposix_open_beneath) == outcome(cposix_open_beneath_by_component))
}

@Test func contents_reportEveryMistake_ofTheManifest() throws {
    let scratch = try Scratch()
    try scratch.write(#"{"schema": "lcl/job/1", "labels": [], "queries": [], "colour": 1}"#, to: scratch.home + "/job/job.json")
    let problems = #expect(throws: Problems.self) { try JobDirectory(path: scratch.home + "/job").contents().get() }
    #expect(problems?.problems.count == 3)
}

@Test func contents_expandAFolderOfQueries_beneathTheJob() throws {
    let scratch = try Scratch(), home = try scratch.layout(scratch.home + "/job")
    try scratch.write(
        #"{"schema": "lcl/job/1", "labels": [{"name": "a", "support": ["support/cat/1.png"]}, {"name": "b", "support": ["support/dog/1.png"]}], "queries": "queries/*.png"}"#,
        to: home + "/job.json")
    let contents = try JobDirectory(path: home).contents().get()
    #expect(contents.manifest.queries == .list(["queries/a.png", "queries/b.png"].map { .init(id: $0, image: $0) }))
}
