// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob
import LCLSpool
import Testing

@Test func scan_offersAtOnce_whatCameByRename() throws {
    let scratch = try Scratch()
    try scratch.layout(scratch.incoming + "/a")
    var scanner = IncomingScanner(spool: scratch.spool)
    let scan = try scanner.scan(now: 0, moved: [EntryName("a")])
    #expect(scan.ready.map(\.name) == [EntryName("a")])
    #expect(scan.waiting == 0)
}

@Test func scan_offersAtOnce_whereTheReadyFileIs() throws {
    let scratch = try Scratch()
    try scratch.layout(scratch.incoming + "/a")
    try scratch.write("", to: scratch.incoming + "/a/.ready")
    try scratch.write("{}", to: scratch.incoming + "/b.json")
    try scratch.write("", to: scratch.incoming + "/b.json.ready")
    var scanner = IncomingScanner(spool: scratch.spool)
    #expect(Set(try scanner.scan(now: 0).ready.map(\.name)) == [EntryName("a"), EntryName("b.json")])
}

@Test func scan_waits_untilNothingMovedForTheSettlingTime() throws {
    let scratch = try Scratch()
    try scratch.layout(scratch.incoming + "/a")
    var scanner = IncomingScanner(spool: scratch.spool, settlingTime: 1000)
    #expect(try scanner.scan(now: 0).waiting == 1)
    #expect(try scanner.scan(now: 999).ready.isEmpty)
    #expect(try scanner.scan(now: 1000).ready.count == 1)
}

@Test(arguments: ["grows", "appears", "touched", "goes"])
func scan_startsOver_whenSomethingInsideMoves(what: String) throws {
    let scratch = try Scratch()
    let home = try scratch.layout(scratch.incoming + "/a")
    var scanner = IncomingScanner(spool: scratch.spool, settlingTime: 1000)
    _ = try scanner.scan(now: 0)
    switch what {
    case "grows": try scratch.write("longer than it was", to: home + "/support/cat/1.png")
    case "appears": try scratch.write("new", to: home + "/queries/c.png")
    case "touched":
        let times = [timeval(tv_sec: 1, tv_usec: 0), timeval(tv_sec: 1, tv_usec: 0)]
        utimes(home + "/queries/a.png", times)
    default: unlink(home + "/queries/a.png")
    }
    #expect(try scanner.scan(now: 1000).ready.isEmpty)
    #expect(try scanner.scan(now: 1999).ready.isEmpty)
    #expect(try scanner.scan(now: 2000).ready.count == 1)
}

@Test func scan_passesOver_hiddenNamesAndLoneReadyFiles() throws {
    let scratch = try Scratch()
    try scratch.layout(scratch.incoming + "/.a")
    try scratch.write("", to: scratch.incoming + "/b.json.ready")
    var scanner = IncomingScanner(spool: scratch.spool, settlingTime: 0)
    let scans = try (0..<3).map { try scanner.scan(now: $0) }
    #expect(scans.allSatisfy { $0.ready.isEmpty && $0.waiting == 0 })
}

@Test func watcher_namesTheEntry_thatIsRenamedIn() async throws {
    let scratch = try Scratch()
    let watcher = try IncomingWatcher(scratch.spool)
    try scratch.layout(scratch.spool.directory(.tmp) + "/a")
    rename(scratch.spool.directory(.tmp) + "/a", scratch.incoming + "/a")
    for await _ in watcher.wakes { break }
    #expect(watcher.takeMoved() == [EntryName("a")])
    #expect(watcher.takeMoved().isEmpty)
}

@Test func watcher_doesNotName_whatIsWrittenInPlace() async throws {
    let scratch = try Scratch()
    let watcher = try IncomingWatcher(scratch.spool)
    try FileManager.default.createDirectory(atPath: scratch.incoming + "/a", withIntermediateDirectories: false)
    for await _ in watcher.wakes { break }
    #expect(watcher.takeMoved().isEmpty)
}

@Test func watcher_endsItsStream_whenStopped() async throws {
    let scratch = try Scratch()
    let watcher = try IncomingWatcher(scratch.spool)
    watcher.stop()
    for await _ in watcher.wakes {}
}

@Test func producer_submitsADirectory_thatIsTakenAtOnce() throws {
    let scratch = try Scratch()
    let home = try scratch.layout(scratch.home + "/my pictures")
    symlink("queries/a.png", home + "/queries-link")
    let id = try Producer(spool: scratch.spool).submit(directory: home)
    #expect(id.rawValue.hasPrefix("my-pictures-"))
    let job = try scratch.accept("no hint")
    #expect(job.id == id)
    #expect(job.queries.count == 2)
    #expect(try names(in: scratch.spool.directory(.tmp)).isEmpty)
    #expect(exists(home + "/queries/a.png"))
}

@Test func producer_leavesNothing_whenANameIsTaken() throws {
    let scratch = try Scratch()
    let home = try scratch.layout(scratch.home + "/job")
    _ = try Producer(spool: scratch.spool).submit(directory: home, name: JobID("x")!)
    #expect(throws: SpoolError.self) { try Producer(spool: scratch.spool).submit(directory: home, name: JobID("x")!) }
    #expect(try names(in: scratch.spool.directory(.tmp)).isEmpty)
    #expect(try names(in: scratch.incoming) == ["x"])
}

/// As on a file server, where the daemon has the rights of its group alone.
@Test(arguments: [(mode_t(0o3733), mode_t(0o770), mode_t(0o640)), (0o1733, 0o700, 0o600)])
func submit_letsTheGroupIn_whereTmpHandsItDown(tmp: mode_t, folder: mode_t, file: mode_t) throws {
    let scratch = try Scratch()
    chmod(scratch.spool.directory(.tmp), tmp)
    let id = try Producer(spool: scratch.spool).submit(directory: scratch.layout(scratch.home + "/cats"))
    let entry = scratch.incoming + "/\(id)"
    for path in try [entry] + FileManager.default.subpathsOfDirectory(atPath: entry).map({ entry + "/" + $0 }) {
        var status = stat()
        stat(path, &status)
        #expect(status.st_mode & 0o777 == (status.st_mode & S_IFMT == S_IFDIR ? folder : file), "\(path)")
    }
    #expect(try scratch.takeAll(moved: [id.rawValue]).count == 1)
}

@Test func producer_submitsLooseFiles_underTheManifestsPaths() throws {
    let scratch = try Scratch()
    let home = try scratch.layout(scratch.home + "/job")
    let manifest = try JobDirectory(path: home).contents().get().manifest
    let files = ["support/cat/1.png", "support/cat/2.png", "support/dog/1.png", "support/dog/2.png", "queries/a.png", "queries/b.png"]
        .map { Producer.File(source: home + "/" + $0, path: $0) }
    let id = try Producer(spool: scratch.spool).submit(manifest: manifest, files: files)
    let job = try scratch.accept("no hint")
    #expect(job.id == id)
    #expect(job.manifest == manifest)
    #expect(job.record.unreadable.isEmpty)
}

@Test func offers_comeInTurns_ofTheirOwners() {
    func offer(_ name: String, _ owner: UInt32) -> Offer { Offer(name: EntryName(name), owner: owner) }
    let many = (0..<1000).map { offer("many\($0)", 1000) }, late = [offer("late", 1001), offer("later", 1001)]
    let turns = (many + late).inTurns()
    #expect(turns.prefix(5) == [many[0], late[0], many[1], late[1], many[2]])
    #expect(turns.filter { $0.owner == 1000 } == many)
    #expect([Offer]().inTurns() == [])
}
