// SPDX-License-Identifier: Apache-2.0
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
