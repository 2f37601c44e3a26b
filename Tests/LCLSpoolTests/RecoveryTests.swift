// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob
import LCLSpool
import Testing

/// A job in S4.
private func active(_ scratch: Scratch, _ name: String = "a") throws -> JobID {
    try scratch.layout("\(scratch.incoming)/\(name)")
    return try scratch.accept(name).id
}

@Test func publish_movesTheJobToDone() throws {
    let scratch = try Scratch(), id = try active(scratch)
    try scratch.spool.publish(id, result: Data("{}".utf8), timings: Data("{}".utf8))
    #expect(try names(in: scratch.spool.directory(.done, id)) == ["intake.json", "job.json", "pictures", "result.json", "timings.json"])
    #expect(try scratch.spool.place(of: id) == .done)
}

@Test func pictures_areRemovedLater_orByTheNextStart() throws {
    for crash in [false, true] {
        let scratch = try Scratch(), id = try active(scratch)
        try scratch.spool.publish(id, result: Data("{}".utf8))
        #expect(try scratch.spool.place(of: id) == .done && exists(scratch.spool.directory(.done, id) + "/pictures"))
        if crash { #expect(try scratch.spool.recover() == []) } else { try scratch.spool.removePictures(of: id) }
        #expect(try names(in: scratch.spool.directory(.done, id)) == ["intake.json", "job.json", "result.json"])
        try scratch.spool.removePictures(of: id)
    }
}

@Test func pictures_stay_whereTheMoveToDoneFails() throws {
    let scratch = try Scratch(), id = try active(scratch), obstacle = scratch.spool.directory(.done, id)
    #expect(mkdir(obstacle, 0o700) == 0)
    #expect(throws: SpoolError.self) { try scratch.spool.publish(id, result: Data("{}".utf8)) }
    #expect(exists(scratch.spool.directory(.active, id) + "/pictures"))
    rmdir(obstacle)
    #expect(try scratch.spool.recover() == [])
    #expect(try names(in: obstacle) == ["intake.json", "job.json", "result.json"])
}

@Test func job_hasOneEnd_whereTheMoveOfAnotherFailedBefore() throws {
    for place in [Spool.Place.failed, .done] {
        let scratch = try Scratch(), id = try active(scratch), obstacle = scratch.spool.directory(place, id)
        let report = ErrorReport(job: id, state: .cancelled, problems: [Failure(.jobCancelled, "cancelled")])
        func end(_ place: Spool.Place) throws { if place == .done { try scratch.spool.publish(id, result: Data("{}".utf8), timings: Data()) } else { try scratch.spool.fail(report) } }
        #expect(mkdir(obstacle, 0o700) == 0)
        #expect(throws: SpoolError.self) { try end(place) }
        let other = place == .done ? Spool.Place.failed : .done
        try end(other)
        let left = try names(in: scratch.spool.directory(other, id))
        #expect(left == (other == .done ? ["intake.json", "job.json", "pictures", "result.json", "timings.json"] : ["error.json", "intake.json", "job.json", "pictures"]))
    }
}

@Test func job_ends_thoughItsRecordIsDamaged() throws {
    let scratch = try Scratch(), id = try active(scratch)
    try scratch.write("{", to: scratch.spool.directory(.active, id) + "/intake.json")
    try scratch.spool.fail(ErrorReport(job: id, state: .failed, problems: [Failure(.internal, "damaged")]))
    #expect(try scratch.spool.place(of: id) == .failed)
}

@Test func claim_isOutOfSight_onceItsJobIsAccepted() throws {
    for crash in [false, true] {
        let scratch = try Scratch(), intake = Intake(spool: scratch.spool)
        try scratch.layout(scratch.incoming + "/a")
        var scanner = IncomingScanner(spool: scratch.spool)
        let offer = try #require(try scanner.scan(now: 0, moved: [EntryName("a")]).ready.first)
        guard case .accepted(let job) = try intake.take(offer, now: 0) else { Issue.record("it is a job"); return }
        #expect(try names(in: scratch.spool.directory(.active)) == [".gone-a", "a"])
        // No scan offers it again, also not after the job was forgotten.
        scanner.expectClaims()
        #expect(try scanner.scan(now: 0).ready.isEmpty)
        if crash { #expect(try scratch.spool.recover() == []) } else { try intake.removeSettled(job.id) }
        #expect(try names(in: scratch.spool.directory(.active)) == ["a"])
    }
}

@Test func publish_removesDrafts_ofACrashInTheMiddleOfAWrite() throws {
    let scratch = try Scratch(), id = try active(scratch)
    try scratch.write("{", to: scratch.spool.directory(.active, id) + "/.result.json.1.2")
    try scratch.spool.publish(id, result: Data("{}".utf8))
    #expect(try names(in: scratch.spool.directory(.done, id)) == ["intake.json", "job.json", "pictures", "result.json"])
}

@Test(.enabled(if: geteuid() == 0, "only root can make another user's files"))
func publish_letsTheSubmitterIn_andNobodyElse() throws {
    let scratch = try Scratch()
    try scratch.layout(scratch.incoming + "/a")
    chown(scratch.incoming + "/a", 4242, 0)
    let id = try scratch.accept("a").id
    try scratch.spool.publish(id, result: Data("{}".utf8))
    chmod(scratch.home, 0o755)
    func canRead(_ uid: uid_t) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/setpriv")
        process.arguments = ["--reuid=\(uid)", "--regid=\(uid)", "--clear-groups", "test", "-r", scratch.spool.directory(.done, id) + "/result.json"]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
    #expect(try canRead(4242))
    #expect(try !canRead(4343))
}

@Test func fail_movesTheJobToFailed_andReopenBringsItBack() throws {
    let scratch = try Scratch(), id = try active(scratch)
    let report = ErrorReport(job: id, state: .dead, problems: [Failure(.jobAttempts, "three crashes")])
    try scratch.spool.fail(report)
    #expect(try scratch.spool.place(of: id) == .failed)
    #expect(try scratch.spool.errorReport(id) == report)
    try scratch.spool.reopen(id)
    #expect(try names(in: scratch.spool.directory(.active, id)) == ["intake.json", "job.json", "pictures"])
    #expect(try JobDirectory.snapshot(scratch.spool.directory(.active, id)).read("queries/a.png").count == 13)
}

@Test func reopen_throws_whereThereAreNoPictures() throws {
    let scratch = try Scratch()
    #expect(throws: SpoolError.notRetryable(job: "x")) { try scratch.spool.reopen(JobID("x")!) }
}

@Test func recover_endsThePublishing_thatACrashCutShort() throws {
    let scratch = try Scratch(), done = try active(scratch, "a"), failed = try active(scratch, "b"), running = try active(scratch, "c")
    try DurableFile.write(Data("{}".utf8), to: scratch.spool.directory(.active, done) + "/result.json")
    let report = ErrorReport(job: failed, state: .cancelled, problems: [Failure(.jobCancelled, "by root")])
    try DurableFile.write(CanonicalJSON.encode(report), to: scratch.spool.directory(.active, failed) + "/error.json")
    #expect(try scratch.spool.recover().isEmpty)
    #expect(try scratch.spool.survey() == [done: .done, failed: .failed, running: .active])
    #expect(!exists(scratch.spool.directory(.done, done) + "/pictures"))
}

@Test func recover_endsTheReopening_thatACrashCutShort() throws {
    let scratch = try Scratch(), id = try active(scratch)
    try scratch.spool.fail(ErrorReport(job: id, state: .failed, problems: [Failure(.internal, "x")]))
    unlink(scratch.spool.directory(.failed, id) + "/error.json")
    #expect(try scratch.spool.recover().isEmpty)
    #expect(try scratch.spool.survey() == [id: .active])
}

@Test func recover_removes_whatWasHalfMadeOrHalfForgotten() throws {
    let scratch = try Scratch()
    try scratch.write("x", to: scratch.spool.directory(.active) + "/.snapshot-a/pictures/x")
    try scratch.write("x", to: scratch.spool.directory(.done) + "/.gone-a/result.json")
    try scratch.layout(scratch.spool.directory(.active) + "/.claim-b")
    #expect(try scratch.spool.recover().isEmpty)
    #expect(try names(in: scratch.spool.directory(.active)) == [".claim-b"])
    #expect(try names(in: scratch.spool.directory(.done)).isEmpty)
}

@Test func recover_reports_whatItCannotPutRight() throws {
    let scratch = try Scratch()
    mkdir(scratch.spool.directory(.failed) + "/empty", 0o755)
    #expect(try scratch.spool.recover() == [.notRetryable(job: "empty")])
}

@Test(arguments: [
    (Spool.Place?.some(.active), JobState?.none, RowRepair?.some(.insert)), (.active, .queued, nil), (.active, .held, nil), (.active, .running, .requeue),
    (.active, .failed, .retry), (.active, .cancelled, .retry), (.active, .done, .insert), (.done, .running, .finish), (.done, .done, nil), (.done, nil, .adopt),
    (.failed, .running, .fail), (.failed, .queued, .fail), (.failed, .dead, nil), (.failed, nil, .adopt), (.corrupt, nil, .adopt),
    (nil, .running, .lost), (nil, .done, .forget), (nil, nil, nil),
])
func repair_followsTheSpool_inEveryState(place: Spool.Place?, row: JobState?, repair: RowRepair?) {
    #expect(RowRepair.of(place: place, row: row) == repair)
}

@Test func retired_removesTheDirectory_howeverDeep() throws {
    let scratch = try Scratch(), id = try active(scratch)
    try scratch.spool.fail(ErrorReport(job: id, state: .failed, problems: [Failure(.internal, "x")]))
    // Deeper than any path may be long, and than a process may have files open.
    let folder = scratch.spool.directory(.failed, id)
    var at = open(folder, O_RDONLY | O_DIRECTORY)
    for _ in 0..<3000 {
        mkdirat(at, "deep", 0o755)
        let next = openat(at, "deep", O_RDONLY | O_DIRECTORY)
        close(at)
        at = next
    }
    close(at)
    symlink("/etc", folder + "/link")
    try scratch.spool.retire(id, in: .failed)
    #expect(try scratch.spool.retired() == [id])
    #expect(try scratch.spool.finishedJobs().isEmpty)
    try scratch.spool.removeRetired()
    #expect(try names(in: scratch.spool.directory(.failed)).isEmpty)
    #expect(exists("/etc/passwd"))
}

@Test func outdated_areTheOldest_byAgeAndThenBySize() {
    let jobs = (1...5).map { Retention.FinishedJob(id: JobID("j\($0)")!, place: .done, finished: Int64($0) * 1000, bytes: 10) }.shuffled()
    func ids(_ retention: Retention) -> [String] { retention.outdated(jobs, now: 6000).map(\.id.rawValue).sorted() }
    #expect(ids(Retention()) == [])
    #expect(ids(Retention(maximumAge: 3)) == ["j1", "j2"])
    #expect(ids(Retention(maximumBytes: 30)) == ["j1", "j2"])
    #expect(ids(Retention(maximumAge: 4, maximumBytes: 25)) == ["j1", "j2", "j3"])
}

@Test func outdated_areTheirOwn_whoFillsTheDisk() {
    let quiet = (1...3).map { Retention.FinishedJob(id: JobID("quiet\($0)")!, place: .done, finished: Int64($0), bytes: 10) }
    let loud = (1...100).map { Retention.FinishedJob(id: JobID("loud\($0)")!, place: .failed, finished: 1000 + Int64($0), bytes: 10) }
    let submitters = Dictionary(uniqueKeysWithValues: quiet.map { ($0.id, UInt32(1)) } + loud.map { ($0.id, 2) })
    let gone = Retention(maximumBytes: 500).outdated((quiet + loud).shuffled(), of: submitters, now: 5000)
    #expect(Set(gone) == Set(loud.prefix(53)))
    // Users with as much lose as much.
    let all = Retention(maximumBytes: 20).outdated(quiet + loud, of: submitters, now: 5000)
    #expect(all.count == 101 && !all.contains(quiet[2]) && !all.contains(loud[99]))
}

@Test func finishedJobs_areThoseAtRest_withTheirSize() throws {
    let scratch = try Scratch(), id = try active(scratch, "a")
    _ = try active(scratch, "b")
    try scratch.spool.publish(id, result: Data(repeating: 32, count: 100_000))
    let jobs = try scratch.spool.finishedJobs()
    #expect(jobs.map(\.id) == [id])
    #expect(jobs[0].bytes >= 100_000)
}

@Test func sweep_removesOldDrafts_only() throws {
    let scratch = try Scratch(), tmp = scratch.spool.directory(.tmp)
    try scratch.layout(tmp + "/draft")
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    try scratch.spool.sweep(now: now)
    #expect(exists(tmp + "/draft"))
    try scratch.spool.sweep(now: now + 25 * 3_600_000)
    #expect(!exists(tmp + "/draft"))
}
