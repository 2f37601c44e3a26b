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
    /// Takes a final job's directory out of sight, as `.gone-ID`; its row goes next, and ``removeRetired()`` frees the disk.
    public func retire(_ id: JobID, in place: Place) throws(SpoolError) {
        precondition(place == .done || place == .failed || place == .corrupt, "only final jobs are forgotten")
        let home = try Descriptor.directory(directory(place)), gone = EntryName(Self.gonePrefix + id.rawValue)
        try Removal.remove(gone, in: home)
        // Where the flush fails it stays out of sight: at worst it is back after a power cut, and is forgotten again.
        do throws(SpoolError) { try home.rename(EntryName(id.rawValue), to: home, as: gone) } catch where error.isVanished {}
        try home.sync()
    }

    /// The jobs that were retired and whose directories are not removed yet: their rows may still be there.
    public func retired() throws(SpoolError) -> [JobID] {
        var ids: [JobID] = []
        for place in Self.restingPlaces {
            for name in try Descriptor.directory(directory(place)).entries() where name.description.hasPrefix(Self.gonePrefix) {
                if let id = JobID(String(name.description.dropFirst(Self.gonePrefix.count))) { ids.append(id) }
            }
        }
        return ids
    }

    /// Removes every directory that was retired.
    /// - Throws: the last failure, after the others were removed; the next round tries again.
    public func removeRetired() throws(SpoolError) {
        var trouble: SpoolError?
        for place in Self.restingPlaces {
            let home = try Descriptor.directory(directory(place))
            for name in try home.entries() where name.description.hasPrefix(Self.gonePrefix) {
                do throws(SpoolError) { try Removal.remove(name, in: home) } catch { trouble = error }
            }
        }
        if let trouble { throw trouble }
    }

    private static let restingPlaces = [Place.done, .failed, .corrupt]

    /// Every job that retention may remove: those in `done/`, `failed/` and `corrupt/`.
    public func finishedJobs() throws(SpoolError) -> [Retention.FinishedJob] {
        var found: [Retention.FinishedJob] = []
        for place in Self.restingPlaces {
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
