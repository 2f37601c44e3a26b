// SPDX-License-Identifier: Apache-2.0
import Glibc
import LCLJob

/// How long finished jobs are kept. Those that are too old go, and then as many as the size asks for: each time the oldest of the
/// submitter who takes most room, so that nobody's results go because somebody else fills the disk.
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

    /// The jobs to forget.
    /// - Parameter submitters: whose each job is; those that nobody is known for count as one user's.
    public func outdated(_ jobs: [FinishedJob], of submitters: [JobID: UInt32] = [:], now: Int64) -> [FinishedJob] {
        func isOld(_ job: FinishedJob) -> Bool { maximumAge.map { now - job.finished > Int64($0) * 1000 } ?? false }
        var outdated = jobs.filter(isOld)
        guard let maximumBytes else { return outdated }
        // Each user's, the oldest last.
        var kept = Dictionary(grouping: jobs.filter { !isOld($0) }) { submitters[$0.id].map(Int.init) ?? -1 }
            .mapValues { (jobs: $0.sorted { ($0.finished, $0.id) > ($1.finished, $1.id) }, bytes: $0.reduce(0) { $0 + $1.bytes }) }
        var bytes = kept.values.reduce(0) { $0 + $1.bytes }
        while bytes > maximumBytes, let largest = kept.filter({ !$0.value.jobs.isEmpty }).max(by: { ($0.value.bytes, $0.key) < ($1.value.bytes, $1.key) })?.key {
            let job = kept[largest]!.jobs.removeLast()
            kept[largest]!.bytes -= job.bytes
            bytes -= job.bytes
            outdated.append(job)
        }
        return outdated
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
    /// - Throws: the last failure, after the others were removed.
    public func removeRetired() throws(SpoolError) {
        var trouble: SpoolError?
        for place in Self.restingPlaces {
            for name in try Descriptor.directory(directory(place)).entries() where name.description.hasPrefix(Self.gonePrefix) {
                do throws(SpoolError) { try removeOrPutAside(name, in: place) } catch { trouble = error }
            }
        }
        if let trouble { throw trouble }
    }

    /// The submitter can make a tree that we may not remove (sticky folders, others' folders): it is put out of the way, for a person.
    /// What else cannot be removed leaves `active/` at least, for retention to try again.
    func removeOrPutAside(_ name: EntryName, in place: Place) throws(SpoolError) {
        let home = try Descriptor.directory(directory(place))
        do throws(SpoolError) {
            try Removal.remove(name, in: home)
        } catch {
            guard case .system(_, _, let code) = error, case let isForbidden = [EPERM, EACCES, EBUSY].contains(code), isForbidden || place == .active else { throw error }
            let aside = (isForbidden ? Self.leftPrefix : Self.gonePrefix) + "\(name.description.dropFirst()).\(UInt32.random(in: 0 ... .max))"
            try home.rename(name, to: Descriptor.directory(directory(.corrupt)), as: EntryName(aside))
        }
    }

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

    /// Disk space of everything beneath, hard links counted each time. What cannot be looked at counts for nothing.
    private static func bytes(_ folder: borrowing Descriptor, depth: Int) throws(SpoolError) -> Int {
        var sum = 0
        try folder.visit { name in
            guard let status = try? folder.status(of: name) else { return true }
            sum += status.st_blocks * 512
            if status.isDirectory && depth < Listing.maximumDepth {
                sum += (try? bytes(folder.open(name, O_RDONLY | O_DIRECTORY), depth: depth + 1)) ?? 0
            }
            return true
        }
        return sum
    }
}
