// SPDX-License-Identifier: Apache-2.0
import LCLSpool

/// Whether the disk has room for work: scarce below the low marks or after a write that found it full, enough again above the
/// resume marks.
///
/// Pure: readings and failures in, changes out. Times of two kinds: the monotonic clock decides, the wall clock is for people.
package struct DiskRoom: Sendable {
    package struct Marks: Equatable, Sendable {
        /// Free bytes below which no work begins.
        package var low: Int
        /// Free bytes from which it goes on.
        package var resume: Int
        /// Free inodes below which no work begins; it goes on from twice as many.
        package var inodes: Int

        package init(low: Int, resume: Int, inodes: Int) {
            self.low = low
            self.resume = max(low, resume)
            self.inodes = inodes
        }
    }

    package struct Reading: Sendable {
        package var path: String
        package var room: Filesystem.Room

        package init(path: String, room: Filesystem.Room) {
            self.path = path
            self.room = room
        }
    }

    package struct Scarcity: Equatable, Sendable {
        package var why: String
        /// Milliseconds since 1970 UTC.
        package var since: Int64
        /// A write failed, so running jobs wait as well.
        package var isFull: Bool
    }

    package enum Change: Equatable, Sendable {
        case scarce
        case enough
    }

    package private(set) var scarcity: Scarcity?
    /// After a failed write (a quota is not in the readings) another is tried no sooner.
    private var notBefore: ContinuousClock.Instant?

    package static let pause = Duration.seconds(5)

    package init() {}

    /// - Parameter readings: of every filesystem that is written to.
    package mutating func observe(_ readings: [Reading], _ marks: Marks, now: ContinuousClock.Instant, wall: Int64) -> Change? {
        let bytes = scarcity == nil ? marks.low : marks.resume, inodes = scarcity == nil ? marks.inodes : marks.inodes * 2
        let lack = readings.lazy.compactMap { Self.lack($0, marks, bytes: bytes, inodes: inodes) }.first
        switch (scarcity, lack) {
        case (nil, let why?):
            scarcity = Scarcity(why: why, since: wall, isFull: false)
            return .scarce
        case (_?, let why?):
            if scarcity?.isFull == false { scarcity?.why = why }
            return nil
        case (_?, nil) where notBefore.map { now >= $0 } ?? true:
            scarcity = nil
            notBefore = nil
            return .enough
        default: return nil
        }
    }

    /// A write found the disk, or the user's quota on it, full.
    package mutating func failed(_ why: String, now: ContinuousClock.Instant, wall: Int64) -> Change? {
        notBefore = now + Self.pause
        let change: Change? = scarcity == nil ? .scarce : nil
        scarcity = Scarcity(why: why, since: scarcity?.since ?? wall, isFull: true)
        return change
    }

    private static func lack(_ reading: Reading, _ marks: Marks, bytes: Int, inodes: Int) -> String? {
        if reading.room.bytes < bytes {
            return "\(reading.path) has \(reading.room.bytes >> 20) MiB free, work goes on from \(marks.resume >> 20)"
        }
        guard let free = reading.room.inodes, free < inodes else { return nil }
        return "\(reading.path) has \(free) inodes free, work goes on from \(marks.inodes * 2)"
    }
}
