// SPDX-License-Identifier: Apache-2.0
import CPosix
import Foundation
import Glibc
import LCLJob
import LCLSpool
import Synchronization
import Testing

/// Turns a file into a link to a secret and back, as fast as it can, until it goes.
private final class Swapper: Sendable {
    private let stopped = Atomic<Bool>(false)
    private let ended = DispatchSemaphore(value: 0)

    init(file: String, secret: String) {
        let spare = file + ".spare", link = file + ".link"
        try? FileManager.default.copyItem(atPath: file, toPath: spare)
        Thread.detachNewThread { [self] in
            while !stopped.load(ordering: .relaxed) {
                symlink(secret, link)
                rename(link, file)
                Glibc.link(spare, link)
                rename(link, file)
            }
            ended.signal()
        }
    }

    func stop() {
        stopped.store(true, ordering: .relaxed)
        ended.wait()
    }
}

@Test func take_neverReadsTheSecret_whileAFileIsSwappedForALink() throws {
    let scratch = try Scratch(), home = try scratch.layout(scratch.home + "/job")
    try scratch.write("the secret", to: scratch.home + "/secret")
    let swapper = Swapper(file: home + "/queries/a.png", secret: scratch.home + "/secret")
    let directory = try JobDirectory(path: home)
    var outcomes: [String: Int] = [:]
    for _ in 0..<20_000 {
        do throws(Failure) {
            let bytes = try directory.read("queries/a.png")
            #expect(bytes == Array("queries/a.png".utf8))
            outcomes["read", default: 0] += 1
        } catch {
            outcomes[error.code.rawValue, default: 0] += 1
        }
    }
    swapper.stop()
    #expect(Set(outcomes.keys).isSubset(of: ["read", "image.outside", "image.missing"]), "\(outcomes)")
}

@Test func take_neverReadsTheSecret_whileAFolderIsSwappedForALink() throws {
    let scratch = try Scratch()
    try scratch.write("the secret", to: scratch.home + "/elsewhere/a.png")
    for round in 0..<50 {
        let name = "job\(round)", home = try scratch.layout(scratch.incoming + "/" + name)
        let stopped = Atomic<Bool>(false)
        let thread = Thread {
            while !stopped.load(ordering: .relaxed) {
                rename(home + "/queries", home + "/aside")
                symlink("../../../elsewhere", home + "/queries")
                unlink(home + "/queries")
                rename(home + "/aside", home + "/queries")
            }
        }
        thread.start()
        let outcomes = try scratch.takeAll(moved: [name])
        stopped.store(true, ordering: .relaxed)
        for outcome in outcomes {
            guard case .accepted(let job) = outcome else { continue }
            let snapshot = try JobDirectory.snapshot(scratch.spool.directory(.active, job.id))
            for query in job.queries { #expect((try? snapshot.read(query.image)).map { $0 != Array("the secret".utf8) } ?? true) }
        }
    }
}

@Test func take_refuses_whereFilesAreTooMany_withoutReadingThemAll() throws {
    let scratch = try Scratch(), home = try scratch.layout(scratch.incoming + "/many")
    for i in 0..<21_000 { close(open("\(home)/queries/\(i)", O_CREAT | O_WRONLY, 0o644)) }
    var limits = Intake.Limits()
    limits.files = 1000
    let start = ContinuousClock.now
    let job = try scratch.refuse("many", Intake(spool: scratch.spool, limits: limits))
    #expect(job.problems.problems.map(\.code) == [.jobTooLarge])
    #expect(ContinuousClock.now - start < .seconds(10))
}

@Test(arguments: [false, true])
func take_refuses_whereFoldersAreTooManyOrHidden(hidden: Bool) throws {
    let scratch = try Scratch(), home = try scratch.layout(scratch.incoming + "/many")
    for i in 0..<2000 { mkdir("\(home)/queries/\(hidden ? "." : "")\(i)", 0o755) }
    var limits = Intake.Limits()
    limits.files = 1000
    #expect(try scratch.refuse("many", Intake(spool: scratch.spool, limits: limits)).problems.problems.map(\.code) == [.jobTooLarge])
}

@Test func take_refusesAndRemoves_foldersWithoutEnd() throws {
    let scratch = try Scratch(), home = try scratch.layout(scratch.incoming + "/deep")
    var folder = open(home + "/queries", O_RDONLY | O_DIRECTORY)
    for _ in 0..<3000 {
        mkdirat(folder, "d", 0o755)
        let inner = openat(folder, "d", O_RDONLY | O_DIRECTORY)
        close(folder)
        folder = inner
    }
    close(folder)
    let job = try scratch.refuse("deep")
    #expect(job.problems.problems.map(\.code) == [.jobTooLarge])
    #expect(exists(scratch.spool.directory(.failed, job.id) + "/original"))
}

@Test func take_answers_forADeviceAndASocket() throws {
    let scratch = try Scratch(), home = try scratch.layout(scratch.incoming + "/odd")
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: (home + "/queries/socket").utf8.prefix(107)) }
    let bound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    #expect(bound == 0)
    let isRoot = geteuid() == 0 && mknod(home + "/queries/device", S_IFCHR | 0o644, 0x103) == 0
    let job = try scratch.accept("odd")
    #expect(job.record.unreadable["queries/socket"]?.code == .imageNotAFile)
    if isRoot { #expect(job.record.unreadable["queries/device"]?.code == .imageNotAFile) }
    #expect(try JobDirectory.snapshot(scratch.spool.directory(.active, job.id)).read("queries/a.png").count == 13)
}

@Test func scan_neverOffers_whatKeepsChanging() throws {
    let scratch = try Scratch(), home = try scratch.layout(scratch.incoming + "/restless")
    var scanner = IncomingScanner(spool: scratch.spool, settlingTime: 1000)
    for i in 0..<50 {
        try scratch.write(String(repeating: "x", count: i), to: home + "/queries/a.png")
        #expect(try scanner.scan(now: Int64(i) * 900).ready.isEmpty)
    }
    #expect(try scanner.scan(now: 50 * 900).ready.isEmpty)
    #expect(try scanner.scan(now: 50 * 900 + 1000).ready.count == 1)
}

/// One who swaps folders and files all the time holds up nobody else.
@Test func scan_offersTheOthers_whileAnEntryIsInMotion() throws {
    let scratch = try Scratch(), motion = scratch.incoming + "/motion"
    try scratch.layout(scratch.incoming + "/whole")
    try scratch.write("", to: scratch.incoming + "/whole/.ready")
    for i in 0..<16 {
        try scratch.write("", to: "\(motion)/\(i)/folder/x")
        try scratch.write("", to: "\(motion)/\(i)/file")
    }
    let stopped = Atomic<Bool>(false), ended = DispatchSemaphore(value: 0)
    for half in 0..<2 {
        Thread.detachNewThread {
            while !stopped.load(ordering: .relaxed) {
                for i in half * 8..<half * 8 + 8 { cposix_rename_exchange(AT_FDCWD, "\(motion)/\(i)/folder", "\(motion)/\(i)/file") }
            }
            ended.signal()
        }
    }
    var scanner = IncomingScanner(spool: scratch.spool)
    for now in 0..<2000 { #expect(try scanner.scan(now: Int64(now)).ready.map(\.name) == [EntryName("whole")]) }
    stopped.store(true, ordering: .relaxed)
    for _ in 0..<2 { ended.wait() }
}

/// What can never be copied is answered, and its job is not tried for ever.
/// To Swift a slash and a mark after it are one character, and to the kernel they are not.
/// Its copy would have no name.
/// The daemon's privileges are not the submitter's: what he may not enter, list or remove himself stays his neighbour's.
@Test(.enabled(if: geteuid() == 0, "only root may give files away")) func neighboursFolder_staysHis_whoeverSubmitsIt() throws {
    for mode in [mode_t(0o700), 0o711] {
        let scratch = try Scratch(), home = try scratch.layout(scratch.incoming + "/job")
        try scratch.write("the secret", to: home + "/private/secret.png")
        try scratch.write(try scratch.manifest(["queries/a.png", "private/secret.png"]), to: home + "/job.json")
        for path in try FileManager.default.subpathsOfDirectory(atPath: home) + [""] { chown("\(home)/\(path)", 1000, 1000) }
        for path in ["/private", "/private/secret.png"] { chown(home + path, 1001, 1001) }
        chmod(home + "/private", mode)
        let job = try scratch.accept("job")
        #expect(job.record.unreadable["private/secret.png"]?.code == (mode == 0o700 ? .imageUnreadable : nil))
        // It is kept, for a person.
        let left = try #require(try names(in: scratch.spool.directory(.corrupt)).first)
        #expect(left.hasPrefix(".left-") && exists("\(scratch.spool.directory(.corrupt))/\(left)/private/secret.png"))
        #expect(try scratch.spool.retired() == [])
        try scratch.spool.removeRetired()

        try scratch.layout(scratch.incoming + "/listed")
        try scratch.write("x", to: scratch.incoming + "/listed/queries/private/secret.png")
        for path in try FileManager.default.subpathsOfDirectory(atPath: scratch.incoming + "/listed") + [""] { chown("\(scratch.incoming)/listed/\(path)", 1000, 1000) }
        chown(scratch.incoming + "/listed/queries/private", 1001, 1001)
        chmod(scratch.incoming + "/listed/queries/private", mode)
        let listed = try scratch.refuse("listed")
        #expect(listed.problems.problems.map(\.code) == [.jobUnreadable])
        // What was refused lies in a directory of ours; his own goes with it, and his neighbour's does not.
        try scratch.write("{", to: scratch.incoming + "/wrong/job.json")
        try scratch.write("x", to: scratch.incoming + "/wrong/folder/file")
        for path in ["", "/job.json", "/folder", "/folder/file"] { chown(scratch.incoming + "/wrong" + path, 1000, 1000) }
        for id in [listed.id, try scratch.refuse("wrong").id] { try scratch.spool.retire(id, in: .failed) }
        try scratch.spool.removeRetired()
        #expect(try names(in: scratch.spool.directory(.corrupt)).count { $0.hasPrefix(".left-gone-listed") } == 1)
        #expect(try names(in: scratch.spool.directory(.corrupt)).count == 2 && names(in: scratch.spool.directory(.failed)) == [])
    }
}

@Test(.enabled(if: geteuid() == 0, "only root may give files away")) func removal_ends_whileItsOwnerMakesNewFiles() throws {
    let scratch = try Scratch(), home = try scratch.layout(scratch.incoming + "/busy"), folder = home + "/support/cat"
    try scratch.write(try scratch.manifest(["queries/a.png"]), to: home + "/job.json")
    let stopped = Atomic<Bool>(false), ended = DispatchSemaphore(value: 0), open = open(folder, O_RDONLY | O_DIRECTORY)
    defer {
        stopped.store(true, ordering: .relaxed)
        ended.wait()
        close(open)
    }
    Thread.detachNewThread {
        var n = 0
        while !stopped.load(ordering: .relaxed) {
            n += 1
            let file = openat(open, "\(n)", O_WRONLY | O_CREAT, 0o644)
            if file >= 0 { close(file) }
        }
        ended.signal()
    }
    _ = try scratch.accept("busy")
    #expect(try names(in: scratch.spool.directory(.active)) == ["busy"])
}

/// A few names, and paths of gigabytes.
@Test(.enabled(if: geteuid() == 0, "only root may give files away")) func anothersReadyFile_completesNothing() throws {
    let scratch = try Scratch(), file = scratch.incoming + "/nightly.json"
    try scratch.write("{", to: file)
    try scratch.write("", to: file + ".ready")
    chown(file, 4242, 4242)
    chown(file + ".ready", 4343, 4343)
    var scanner = IncomingScanner(spool: scratch.spool)
    #expect(try scanner.scan(now: 0).ready.isEmpty)
    chown(file + ".ready", 4242, 4242)
    #expect(try scanner.scan(now: 1).ready.count == 1)
}

@Test func job_waits_whenItsCopyWouldLeaveTooFewInodes() throws {
    let scratch = try Scratch(), room = try Filesystem.room(at: scratch.home)
    guard let free = room.inodes, let most = room.most else { return }
    try scratch.layout(scratch.incoming + "/a")
    var limits = Intake.Limits()
    limits.reserve = { (0, free) }
    let error = #expect(throws: SpoolError.self) { try scratch.takeAll(Intake(spool: scratch.spool, limits: limits), moved: ["a"]) }
    #expect("\(error!)".contains("inodes are needed") && error?.isDiskFull == false)
    limits.reserve = { (0, most) }
    #expect(try scratch.refuse("b", Intake(spool: scratch.spool, limits: limits)).problems.problems.map(\.code) == [.diskFull])
}
