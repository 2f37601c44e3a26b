// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob
import LCLSpool
import Testing

@Test func take_makesAPrivateSnapshot_ofTheLayout() throws {
    let scratch = try Scratch()
    try scratch.layout(scratch.incoming + "/a")
    let job = try scratch.accept("a")
    let home = scratch.spool.directory(.active, job.id)
    #expect(job.id.rawValue == "a")
    #expect(job.record.submitter == getuid())
    #expect(try names(in: home) == ["intake.json", "job.json", "pictures"])
    #expect(try JobDirectory.snapshot(home).read("queries/a.png") == Array("queries/a.png".utf8))
    #expect(try names(in: scratch.incoming).isEmpty)
    #expect(try names(in: scratch.spool.directory(.active)) == ["a"])
    let again = try scratch.spool.accepted(job.id)
    #expect(again.manifest == job.manifest)
    #expect(again.record == job.record)
    var status = stat()
    stat(home + "/pictures/queries/a.png", &status)
    #expect(status.st_mode & 0o777 == 0o600)
    stat(home, &status)
    #expect(status.st_mode & 0o777 == 0o700)
}

@Test func take_copiesOnly_whatTheManifestNames() throws {
    let scratch = try Scratch()
    let home = try scratch.layout(scratch.incoming + "/a")
    try scratch.write(scratch.manifest(["queries/a.png"]), to: home + "/job.json")
    try scratch.write("large", to: home + "/unrelated.raw")
    let job = try scratch.accept("a")
    let pictures = scratch.spool.directory(.active, job.id) + "/pictures"
    #expect(try FileManager.default.subpathsOfDirectory(atPath: pictures).filter { $0.hasSuffix(".png") || $0.hasSuffix(".raw") }.sorted()
        == ["queries/a.png", "support/cat/1.png", "support/dog/1.png"])
}

@Test func take_recordsTheAnswer_ofEachPictureThatCannotBeRead() throws {
    let scratch = try Scratch()
    let home = try scratch.layout(scratch.incoming + "/a")
    try scratch.write("secret", to: scratch.home + "/secret")
    symlink("../../../secret", home + "/queries/link.png")
    mkfifo(home + "/queries/fifo.png", 0o644)
    try scratch.write("", to: home + "/queries/empty.png")
    let giant = open(home + "/queries/giant.png", O_CREAT | O_WRONLY, 0o644)
    ftruncate(giant, 1 << 40)
    close(giant)
    try scratch.write(scratch.manifest(["queries/a.png", "queries/missing.png", "queries/link.png", "queries/fifo.png", "queries/empty.png", "queries/giant.png"]), to: home + "/job.json")
    let job = try scratch.accept("a")
    #expect(job.record.unreadable.mapValues(\.code) == [
        "queries/missing.png": .imageMissing, "queries/link.png": .imageOutside, "queries/fifo.png": .imageNotAFile,
        "queries/empty.png": .imageEmpty, "queries/giant.png": .imageTooLarge,
    ])
    let snapshot = try JobDirectory.snapshot(scratch.spool.directory(.active, job.id))
    #expect(throws: job.record.unreadable["queries/link.png"]!) { try snapshot.read("queries/link.png") }
    #expect(try snapshot.read("queries/a.png").count == 13)
}

@Test func take_answersForNames_thatNoManifestCanHold() throws {
    let scratch = try Scratch()
    let home = try scratch.layout(scratch.incoming + "/a")
    try scratch.write("x", to: home + "/queries/new\nline.png")
    let bytes = Array("\(home)/queries/latin".utf8CString.dropLast()) + [CChar(bitPattern: 0xE9), 0]
    close(open(bytes, O_CREAT | O_WRONLY, 0o644))
    let job = try scratch.accept("a")
    #expect(job.queries.count == 4)
    #expect(job.record.unreadable.mapValues(\.code) == ["queries/new\u{FFFD}line.png": .imageUnreadable, "queries/latin\u{FFFD}": .imageUnreadable])
    #expect(try scratch.spool.accepted(job.id).queries == job.queries)
}

@Test func take_refusesTheJob_withEveryMistakeAndTheOriginal() throws {
    let scratch = try Scratch()
    let home = try scratch.layout(scratch.incoming + "/a")
    try scratch.write(#"{"schema": "lcl/job/1", "labels": [], "queries": []}"#, to: home + "/job.json")
    let job = try scratch.refuse("a")
    #expect(job.place == .failed)
    #expect(job.problems.problems.count == 2)
    #expect(try scratch.spool.errorReport(job.id).problems == job.problems.problems)
    #expect(exists(scratch.spool.directory(.failed, job.id) + "/original/queries/a.png"))
    #expect(try !scratch.spool.canReopen(job.id))
    #expect(try names(in: scratch.spool.directory(.active)).isEmpty)
}

@Test(arguments: ["empty directory", "text", "link", "fifo"])
func take_quarantines_whatIsNoJob(kind: String) throws {
    let scratch = try Scratch(), entry = scratch.incoming + "/thing"
    switch kind {
    case "empty directory": mkdir(entry, 0o755)
    case "text": try scratch.write("hello", to: entry)
    case "link": symlink("/etc", entry)
    default: mkfifo(entry, 0o644)
    }
    let job = try scratch.refuse("thing")
    #expect(job.place == .corrupt)
    #expect(try names(in: scratch.spool.directory(.corrupt, job.id)) == ["error.json", "intake.json", "original"])
    #expect(exists("/etc/passwd"))
}

@Test func take_refusesJSON_thatIsNone() throws {
    let scratch = try Scratch()
    try scratch.write("{", to: scratch.incoming + "/a.json")
    let job = try scratch.refuse("a.json")
    #expect(job.place == .failed)
    #expect(job.problems.problems.map(\.code) == [.manifestJSON])
}

@Test func take_numbersTheJob_whenItsNameIsTaken() throws {
    let scratch = try Scratch()
    try scratch.layout(scratch.incoming + "/a")
    _ = try scratch.accept("a")
    try scratch.layout(scratch.incoming + "/a")
    #expect(try scratch.accept("a").id.rawValue == "a-2")
}

/// Its row goes after its directory: a new job of the name would be forgotten with it.
@Test func take_numbersTheJob_whileAnotherOfTheNameIsBeingForgotten() throws {
    let scratch = try Scratch()
    try scratch.layout(scratch.incoming + "/a")
    let id = try scratch.accept("a").id
    try scratch.spool.publish(id, result: Data("{}".utf8))
    try scratch.spool.retire(id, in: .done)
    try scratch.layout(scratch.incoming + "/a")
    #expect(try scratch.accept("a").id.rawValue == "a-2")
    try scratch.spool.removeRetired()
    try scratch.layout(scratch.incoming + "/a")
    #expect(try scratch.accept("a").id == id)
}

/// The flush after the move may have failed, and nobody was told.
@Test func take_refusesAgain_whatWasRefusedBefore() throws {
    let scratch = try Scratch()
    try scratch.write("{", to: scratch.incoming + "/a/job.json")
    let job = try scratch.refuse("a")
    #expect(rename(scratch.spool.directory(.failed, job.id) + "/original", scratch.spool.directory(.active) + "/.claim-a") == 0)
    let again = try scratch.refuse("none")
    #expect(again.id == job.id && again.problems == job.problems && again.record == job.record && again.place == job.place)
    #expect(exists(scratch.spool.directory(.failed, job.id) + "/original/job.json"))
}

@Test func take_makesAnID_ofAnyName() throws {
    let scratch = try Scratch()
    try scratch.layout(scratch.incoming + "/my first\njob")
    #expect(try scratch.accept("my first\njob").id.rawValue == "my-first-job")
}

@Test func take_readsABareManifest_fromAllowedFoldersOnly() throws {
    let scratch = try Scratch(), data = scratch.home + "/data"
    try scratch.layout(data)
    try scratch.write("secret", to: scratch.home + "/secret.png")
    try scratch.write(
        scratch.manifest([data + "/queries/a.png", scratch.home + "/secret.png"], root: data + "/"), to: scratch.incoming + "/bare.json")
    let job = try scratch.accept("bare.json", Intake(spool: scratch.spool, allowedFolders: [data + "/"]))
    let relative = String(data.dropFirst())
    #expect(job.id.rawValue == "bare")
    #expect(job.queries.map(\.id) == [data + "/queries/a.png", scratch.home + "/secret.png"])
    #expect(job.record.unreadable.mapValues(\.code) == [String(scratch.home.dropFirst()) + "/secret.png": .imageOutside])
    #expect(try JobDirectory.snapshot(scratch.spool.directory(.active, job.id)).read(relative + "/queries/a.png") == Array("queries/a.png".utf8))
    #expect(exists(data + "/queries/a.png"))
}

@Test func take_expandsAGlob_ofABareManifest() throws {
    let scratch = try Scratch(), data = scratch.home + "/data"
    try scratch.layout(data)
    let text = try scratch.manifest(["x"], root: data + "/").replacingOccurrences(of: #"[{"id":"x","image":"x"}]"#, with: "\"\(data)/queries/*.png\"")
    try scratch.write(text, to: scratch.incoming + "/bare.json")
    let job = try scratch.accept("bare.json", Intake(spool: scratch.spool, allowedFolders: [data]))
    #expect(job.queries.map(\.id) == [data + "/queries/a.png", data + "/queries/b.png"])
    #expect(job.record.unreadable.isEmpty)
}

@Test func take_refusesTheJob_whosePicturesAreTooManyBytes() throws {
    let scratch = try Scratch()
    try scratch.layout(scratch.incoming + "/a")
    var limits = Intake.Limits()
    limits.jobBytes = 20
    let job = try scratch.refuse("a", Intake(spool: scratch.spool, limits: limits))
    #expect(job.problems.problems.map(\.code) == [.jobTooLarge])
    #expect(!exists(scratch.spool.directory(.failed, job.id) + "/pictures"))
}

@Test func take_givesNothing_whenTheEntryWentAway() throws {
    let scratch = try Scratch()
    try scratch.layout(scratch.incoming + "/a")
    var scanner = IncomingScanner(spool: scratch.spool)
    let offer = try #require(try scanner.scan(now: 0, moved: [EntryName("a")]).ready.first)
    try FileManager.default.removeItem(atPath: scratch.incoming + "/a")
    guard case .nothing = try Intake(spool: scratch.spool).take(offer, now: 0) else { throw Scratch.Unexpected([]) }
}

@Test func take_startsAfresh_whereACrashLeftAClaimAndHalfASnapshot() throws {
    let scratch = try Scratch(), active = scratch.spool.directory(.active)
    try scratch.layout(active + "/.claim-a")
    try scratch.write("half", to: active + "/.snapshot-a/pictures/queries/a.png")
    let job = try scratch.accept("no hint")
    #expect(job.id.rawValue == "a")
    #expect(try JobDirectory.snapshot(active + "/a").read("queries/a.png") == Array("queries/a.png".utf8))
    #expect(try names(in: active) == ["a"])
}

@Test func take_onlyPutsTheClaimAway_whereACrashCameAfterTheSnapshot() throws {
    let scratch = try Scratch(), active = scratch.spool.directory(.active)
    try scratch.layout(scratch.incoming + "/a")
    let job = try scratch.accept("a")
    try scratch.write("not what was taken", to: active + "/.claim-a/queries/c.png")
    let again = try scratch.accept("no hint")
    #expect(again.id == job.id)
    #expect(again.manifest == job.manifest)
    #expect(try names(in: active) == ["a"])
    try scratch.spool.publish(job.id, result: Data("{}".utf8))
    try scratch.write("x", to: active + "/.claim-a/queries/c.png")
    let outcomes = try scratch.takeAll(moved: [])
    guard outcomes.count == 1, case .nothing = outcomes[0] else { throw Scratch.Unexpected(outcomes) }
    #expect(try names(in: active).isEmpty)
}

@Test func take_leavesTheClaimForTheNextScan_whenTheMachineFails() throws {
    let scratch = try Scratch(), active = scratch.spool.directory(.active)
    try scratch.layout(scratch.incoming + "/a")
    // A refused job without failed/ stands for any failure of the machine.
    var scanner = IncomingScanner(spool: scratch.spool)
    let offer = try #require(try scanner.scan(now: 0, moved: [EntryName("a")]).ready.first)
    let folders = scratch.home + "/spool/failed"
    rmdir(folders)
    try scratch.write(#"{"schema": "lcl/job/1"}"#, to: scratch.incoming + "/a/job.json")
    #expect(throws: SpoolError.self) { try Intake(spool: scratch.spool).take(offer, now: 0) }
    #expect(try names(in: active) == [".claim-a"])
    mkdir(folders, 0o711)
    #expect(try scratch.refuse("no hint").id.rawValue == "a")
}

@Test(.enabled(if: geteuid() == 0, "only root can make another user's files"))
func take_refusesAnothersFile_unlessEveryoneMayReadIt() throws {
    let scratch = try Scratch()
    let home = try scratch.layout(scratch.incoming + "/a")
    for (file, owner, mode) in [("a", 4242, mode_t(0o600)), ("b", 4343, 0o600), ("c", 4343, 0o644), ("d", 4343, 0o644)] {
        try scratch.write("x", to: home + "/queries/\(file).png")
        chown(home + "/queries/\(file).png", uid_t(owner), 0)
        chmod(home + "/queries/\(file).png", mode)
    }
    link(home + "/queries/d.png", scratch.home + "/elsewhere")
    chown(home, 4242, 0)
    let job = try scratch.accept("a")
    #expect(job.record.submitter == 4242)
    #expect(Set(job.record.unreadable.keys.filter { $0.hasPrefix("queries") }) == ["queries/b.png", "queries/d.png"])
}
