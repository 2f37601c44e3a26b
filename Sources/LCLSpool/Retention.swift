// SPDX-License-Identifier: Apache-2.0
import Glibc
import LCLJob

/// How long finished jobs are kept. Oldest first go those that are too old, and then as many as the size asks for.
public struct Retention: Equatable, Sendable {
    /// In seconds; `nil` is for ever.
    public var maximumAge: Int?
    /// Of all finished jobs together; `nil` is without bound.
    public var maximumBytes: Int?

    public init(maximumAge: Int? = nil, maximumBytes: Int? = nil) {
        self.maximumAge = maximumAge
        self.maximumBytes = maximumBytes
    }

    public struct FinishedJob: Hashable, Sendable {
        public var id: JobID
        public var place: Spool.Place
        /// When it came to rest, milliseconds since 1970 UTC.
        public var finished: Int64
        public var bytes: Int

        public init(id: JobID, place: Spool.Place, finished: Int64, bytes: Int) {
            self.id = id
            self.place = place
            self.finished = finished
            self.bytes = bytes
        }
    }

    /// The jobs to forget, oldest first.
    public func outdated(_ jobs: [FinishedJob], now: Int64) -> [FinishedJob] {
        var bytes = jobs.reduce(0) { $0 + $1.bytes }
        return jobs.sorted { ($0.finished, $0.id) < ($1.finished, $1.id) }.filter { job in
            let isOld = maximumAge.map { now - job.finished > Int64($0) * 1000 } ?? false
            let isTooMuch = maximumBytes.map { bytes > $0 } ?? false
            if isOld || isTooMuch { bytes -= job.bytes }
            return isOld || isTooMuch
        }
    }
}

extension Spool {
    /// Every job that retention may remove: those in `done/`, `failed/` and `corrupt/`.
    public func finishedJobs() throws(SpoolError) -> [Retention.FinishedJob] {
        var found: [Retention.FinishedJob] = []
        for place in [Place.done, .failed, .corrupt] {
            for id in try jobs(in: place) {
                do throws(SpoolError) {
                    let home = try Descriptor.directory(directory(place, id))
                    found.append(.init(id: id, place: place, finished: try finished(id, in: place), bytes: try Self.bytes(home, depth: 0)))
                } catch where error.isVanished {}
            }
        }
        return found
    }

    /// Disk space of everything beneath, hard links counted each time.
    private static func bytes(_ folder: borrowing Descriptor, depth: Int) throws(SpoolError) -> Int {
        var sum = 0
        for name in try folder.entries() {
            let status = try folder.status(of: name)
            sum += status.st_blocks * 512
            if status.isDirectory && depth < Listing.maximumDepth {
                sum += (try? bytes(folder.open(name, O_RDONLY | O_DIRECTORY), depth: depth + 1)) ?? 0
            }
        }
        return sum
    }
}
