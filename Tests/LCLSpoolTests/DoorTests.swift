// SPDX-License-Identifier: Apache-2.0
import CPosix
import Foundation
import Glibc
import LCLJob
import LCLSpool
import Testing

/// What is kept out, or waits, before it is taken.
struct DoorTests {
    private static func allowance(_ quota: Quota, used: Quota = .none, uid: UInt32 = 1000) -> Failure? {
        Allowance(submitter: uid, quota: quota, used: used).refusal(queries: 5, bytes: 50)
    }

    @Test func quota_refuses_whatGoesBeyondIt() {
        #expect(Self.allowance(.none, used: Quota(jobs: 99, bytes: 99, queries: 99)) == nil)
        #expect(Self.allowance(Quota(jobs: 2, bytes: 100, queries: 10), used: Quota(jobs: 1, bytes: 50, queries: 5)) == nil)
        #expect(Self.allowance(Quota(jobs: 2), used: Quota(jobs: 2))?.code == .quotaExceeded)
        #expect(Self.allowance(Quota(queries: 9), used: Quota(queries: 5))?.message.contains("submit it again") == true)
        #expect(Self.allowance(Quota(bytes: 49))?.message.contains("split the job") == true)
        #expect(Self.allowance(Quota(jobs: 1), used: Quota(jobs: 1), uid: 0) == nil)
    }

    @Test func job_isRefused_whenItsPicturesAreBeyondTheQuota() throws {
        let scratch = try Scratch(), entry = scratch.incoming + "/a"
        try scratch.layout(entry)
        for path in [entry] + (try FileManager.default.subpathsOfDirectory(atPath: entry)).map({ entry + "/" + $0 }) { chown(path, 1000, 1000) }
        let allowance = Allowance(submitter: 1000, quota: Quota(bytes: 20), used: .none)
        var scanner = IncomingScanner(spool: scratch.spool)
        let offer = try #require(try scanner.scan(now: 0, moved: [EntryName("a")]).ready.first)
        #expect(offer.owner == 1000)
        guard case .refused(let job) = try Intake(spool: scratch.spool).take(offer, now: 0, allowance: allowance) else { Issue.record("it was taken"); return }
        #expect(job.problems.problems.map(\.code) == [.quotaExceeded])
        #expect(job.place == .failed)
    }

    @Test func job_waits_whenItsCopyWouldLeaveTooLittleFree_andIsRefusedWhenThatCannotChange() throws {
        let scratch = try Scratch(), room = try Filesystem.room(at: scratch.home)
        try scratch.layout(scratch.incoming + "/a")
        var limits = Intake.Limits()
        limits.reserve = { ((room.bytes + room.capacity) / 2, 0) }
        let error = #expect(throws: SpoolError.self) { try scratch.takeAll(Intake(spool: scratch.spool, limits: limits), moved: ["a"]) }
        // A smaller job may fit: the disk is not full.
        #expect("\(error!)".contains("no room for a copy") && error?.isDiskFull == false)
        #expect(exists(scratch.spool.directory(.active) + "/.claim-a"))
        limits.reserve = { (room.capacity, 0) }
        let job = try scratch.refuse("b", Intake(spool: scratch.spool, limits: limits))
        #expect(job.problems.problems.map(\.code) == [.diskFull])
    }

    @Test func movedEntries_areRead_whateverElseTheKernelSays() {
        var moved = MovedEntries()
        func record(_ mask: Int, _ name: String) -> [UInt8] {
            let padded = Array(name.utf8) + [UInt8](repeating: 0, count: name.isEmpty ? 0 : 16 - name.utf8.count)
            return [Int32(1), Int32(bitPattern: UInt32(mask)), 0, Int32(padded.count)].flatMap { withUnsafeBytes(of: $0) { Array($0) } } + padded
        }
        moved.read(record(Int(IN_CREATE), "new") + record(Int(IN_MOVED_TO), "a") + record(Int(IN_Q_OVERFLOW), "") + record(Int(IN_MOVED_TO), "b") + [1, 2])
        #expect(moved.take() == [EntryName("a"), EntryName("b")])
        #expect(moved.take() == [])
    }

    /// The kernel's queue ran over and told nothing: a scan finds all there is, once it has settled.
    @Test func entries_areFound_whenNoEventToldOfThem() throws {
        let scratch = try Scratch()
        for name in ["a", "b"] { try scratch.layout("\(scratch.incoming)/\(name)") }
        var scanner = IncomingScanner(spool: scratch.spool)
        #expect(try scanner.scan(now: 0).waiting == 2)
        #expect(try scanner.scan(now: 1000).ready.count == 2)
    }

    @Test func rename_refusesATakenName_whereTheFilesystemCannot() throws {
        let scratch = try Scratch()
        for name in ["a", "b"] { try scratch.write(name, to: "\(scratch.home)/\(name)") }
        func rename(_ to: String) -> Int32 { cposix_rename_exclusive_by_looking(AT_FDCWD, scratch.home + "/a", AT_FDCWD, scratch.home + "/" + to) }
        #expect(rename("b") == -1)
        #expect(errno == EEXIST)
        #expect(rename("c") == 0)
        #expect(!exists(scratch.home + "/a"))
    }

    @Test(.enabled(if: geteuid() == 0, "only root may mount")) func spool_isRefused_whenOnePlaceIsAMountOfTheSameFilesystem() throws {
        let scratch = try Scratch(), tmp = scratch.spool.directory(.tmp)
        guard mount(scratch.home, tmp, "none", UInt(MS_BIND), nil) == 0 else { return print("skipped: mounting is not permitted here") }
        defer { umount2(tmp, Int32(MNT_DETACH)) }
        #expect(throws: SpoolError.separateFilesystems(root: scratch.spool.root, place: "tmp")) { try scratch.spool.prepare() }
        #expect(try names(in: scratch.spool.root).filter { $0.hasPrefix(".probe") } == [])
    }

    @Test func spool_isPrepared_whateverLiesInItsOpenPlaces() throws {
        let scratch = try Scratch()
        for place in [Spool.Place.tmp, .incoming] {
            for name in [".probe", ".probe-", ".probe-1"] { try scratch.write("", to: "\(scratch.spool.directory(place))/\(name)/file") }
        }
        // Of a start that was cut short.
        try scratch.write("", to: scratch.spool.root + "/.probe-2")
        try scratch.write("", to: scratch.spool.directory(.active) + "/.probe-3")
        try scratch.spool.prepare()
        #expect(!exists(scratch.spool.root + "/.probe-2") && !exists(scratch.spool.directory(.active) + "/.probe-3"))
    }

    @Test func place_isNotAbsent_whereItCannotBeLookedAt() throws {
        let scratch = try Scratch(), active = scratch.spool.directory(.active)
        #expect(try scratch.spool.place(of: JobID("a")!) == nil)
        rmdir(active)
        #expect(symlink(active, active) == 0)
        #expect(throws: SpoolError.self) { try scratch.spool.place(of: JobID("a")!) }
    }
}
