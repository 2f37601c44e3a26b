// SPDX-License-Identifier: Apache-2.0
import LCLDaemon
import LCLSpool
import Testing

struct DiskRoomTests {
    private static let marks = DiskRoom.Marks(low: 100, resume: 200, inodes: 10)
    private static let start = ContinuousClock.now

    private static func free(_ bytes: Int, inodes: Int? = 1000) -> [DiskRoom.Reading] {
        [.init(path: "/full", room: .init(bytes: bytes, inodes: inodes, capacity: 1000))]
    }

    @Test func work_waits_belowTheLowMark_untilTheResumeMark() {
        var room = DiskRoom()
        #expect(room.observe(Self.free(100), Self.marks, now: Self.start, wall: 1) == nil)
        #expect(room.observe(Self.free(99), Self.marks, now: Self.start, wall: 2) == .scarce)
        #expect(room.scarcity?.since == 2)
        #expect(room.scarcity?.isFull == false)
        #expect(room.observe(Self.free(199), Self.marks, now: Self.start, wall: 3) == nil)
        #expect(room.scarcity?.since == 2)
        #expect(room.observe(Self.free(200), Self.marks, now: Self.start, wall: 4) == .enough)
        #expect(room.scarcity == nil)
    }

    @Test func work_waits_whenInodesRunOut_untilThereAreTwiceAsMany() {
        var room = DiskRoom()
        #expect(room.observe(Self.free(500, inodes: 9), Self.marks, now: Self.start, wall: 1) == .scarce)
        #expect(room.observe(Self.free(500, inodes: 19), Self.marks, now: Self.start, wall: 1) == nil)
        #expect(room.observe(Self.free(500, inodes: 20), Self.marks, now: Self.start, wall: 1) == .enough)
        #expect(room.observe(Self.free(500, inodes: nil), Self.marks, now: Self.start, wall: 1) == nil)
    }

    @Test func failedWrite_isBelieved_forAWhile_whateverTheReadingsSay() {
        var room = DiskRoom()
        #expect(room.failed("quota", now: Self.start, wall: 7) == .scarce)
        #expect(room.scarcity?.why == "quota")
        #expect(room.scarcity?.isFull == true)
        #expect(room.observe(Self.free(500), Self.marks, now: Self.start + .seconds(1), wall: 8) == nil)
        #expect(room.failed("quota", now: Self.start + .seconds(4), wall: 9) == nil)
        #expect(room.observe(Self.free(500), Self.marks, now: Self.start + .seconds(6), wall: 10) == nil)
        #expect(room.observe(Self.free(500), Self.marks, now: Self.start + .seconds(9), wall: 11) == .enough)
    }

    @Test func theFullestDisk_decides() {
        var room = DiskRoom()
        #expect(room.observe(Self.free(500) + Self.free(50), Self.marks, now: Self.start, wall: 1) == .scarce)
    }
}
