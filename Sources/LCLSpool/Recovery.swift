// SPDX-License-Identifier: Apache-2.0
import Glibc
import LCLJob

/// What a row of the store needs after a crash, by where its job lies: the directories are right, the rows follow.
public enum RowRepair: Equatable, Sendable {
    /// S3: insert it as `queued`, from ``Spool/accepted(_:)``, in place of the row of an earlier job of this name.
    case insert
    /// S4: `running` goes back to `queued`, and the attempt is given back: it was the daemon that died, not a worker.
    case requeue
    /// S5: make it `done`.
    case finish
    /// S5: make it what ``Spool/errorReport(_:)`` says.
    case fail
    /// S6 or SX without a row: insert a final one.
    case adopt
    /// S4: a retry was under way; make it `queued`.
    case retry
    /// The directory is gone: somebody removed it. Make it `failed`, saying so.
    case lost
    /// Retention removed the directory: remove the row.
    case forget

    /// The repair of one job, after ``Spool/recover()``, or `nil` where all is well.
    public static func of(place: Spool.Place?, row: JobState?) -> RowRepair? {
        switch (place, row) {
        case (nil, nil): nil
        case (nil, let row?): row.isFinal ? .forget : .lost
        case (.active, nil), (.active, .done): .insert
        case (.active, .queued), (.active, .held): nil
        case (.active, .running): .requeue
        case (.active, _): .retry
        case (_, nil): .adopt
        case (.done, let row?): row == .done ? nil : .finish
        case (_, let row?): row.isFinal ? nil : .fail
        }
    }
}

extension Spool {
    /// How long an entry may lie in `tmp/`, in seconds.
    static let patience = 24 * 3600

    /// Where every job lies.
    public func survey() throws(SpoolError) -> [JobID: Place] {
        var places: [JobID: Place] = [:]
        for place in [Place.corrupt, .failed, .done, .active] {
            for id in try jobs(in: place) { places[id] = place }
        }
        return places
    }

    /// Ends every move that a crash cut short, and removes what was half made. Afterwards each job is in S2, S3, S4, S6 or SX;
    /// claims (S2) are offered by the next scan.
    /// - Returns: entries that could not be put right, with the reason: a person should look.
    public func recover() throws(SpoolError) -> [SpoolError] {
        // A crash may have come between a move and its flush: what is found is brought to the disk before it is believed.
        try Descriptor.directory(root).syncFilesystem()
        var troubles: [SpoolError] = []
        func attempt(_ work: () throws(SpoolError) -> Void) {
            do throws(SpoolError) { try work() } catch { troubles.append(error) }
        }
        for place in [Place.active] + Self.restingPlaces {
            for name in try Descriptor.directory(directory(place)).entries() where name.description.hasPrefix(Self.gonePrefix) || name.description.hasPrefix(Snapshot.prefix) {
                attempt { () throws(SpoolError) in try removeOrPutAside(name, in: place) }
            }
        }
        for id in try jobs(in: .active) {
            attempt { () throws(SpoolError) in
                let home = directory(.active, id)
                let hasResult = try exists("\(home)/\(Self.resultName)"), hasReport = try exists("\(home)/\(ErrorReport.fileName)")
                if hasResult || hasReport { try finishPublishing(id) }
            }
        }
        for id in try jobs(in: .done) {
            attempt { () throws(SpoolError) in if try exists("\(directory(.done, id))/\(Self.picturesName)") { try removePictures(of: id) } }
        }
        for id in try jobs(in: .failed) {
            attempt { () throws(SpoolError) in if try !exists("\(directory(.failed, id))/\(ErrorReport.fileName)") { try reopen(id) } }
        }
        return troubles
    }

    /// Removes what producers left in `tmp/` a day ago, and `.ready` files without a manifest. Entries that may not be removed
    /// stay.
    /// - Parameter now: milliseconds since 1970 UTC.
    public func sweep(now: Int64) throws(SpoolError) {
        for place in [Place.tmp, .incoming] {
            let home = try Descriptor.directory(directory(place))
            try home.visit { name in
                guard place == .tmp || name.hasSuffix(".json" + Intake.readySuffix) else { return true }
                guard let status = try? home.status(of: name), Int(now / 1000) - status.st_ctim.tv_sec > Self.patience else { return true }
                try? Removal.remove(name, in: home)
                return true
            }
        }
    }
}
