// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob

/// The way out: states S4 to S6. Each may be called again after a crash in its middle, and then goes on from there.
extension Spool {
    public static let resultName = "result.json"
    public static let timingsName = "timings.json"
    static let picturesName = "pictures"
    /// The entry of a refused job, as it came.
    static let originalName = "original"

    /// Publishes a job's result: once it returns, `done/ID/` is there whole. The row becomes final after that. `timings` have no flush of
    /// their own: a power cut may leave them torn, which nothing depends on. Its pictures are left for ``removePictures(of:)``, since nobody
    /// need wait for that, and until the move is durable the job may have to be run again.
    public func publish(_ id: JobID, result: Data, timings: Data? = nil) throws(SpoolError) {
        let home = directory(.active, id)
        try forget([ErrorReport.fileName], in: home)
        if let timings { try write(timings, to: "\(home)/\(Self.timingsName)") }
        try DurableFile.write(result, to: "\(home)/\(Self.resultName)", mode: 0o644)
        try finishPublishing(id)
    }

    /// Removes what an earlier end of the job left whose move failed: it ended another way since.
    private func forget(_ names: [String], in home: String) throws(SpoolError) {
        let folder = try Descriptor.directory(home)
        for name in names {
            do throws(SpoolError) { try folder.remove(EntryName(name)) } catch where error.isVanished {}
        }
    }

    /// Of a job that is done.
    public func removePictures(of id: JobID) throws(SpoolError) {
        do throws(SpoolError) {
            // The pictures last: a start finds by them what is left.
            for name in [Self.trainingName, Self.picturesName] { try Removal.remove(EntryName(name), in: Descriptor.directory(directory(.done, id))) }
        } catch where error.isVanished {}
    }

    private func write(_ timings: Data, to path: String) throws(SpoolError) {
        unlink(path)  // of an earlier try
        let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
        try check(fchmod(file.raw, 0o644), "set the mode of", path)  // whatever the umask is
        try file.write(timings)
    }

    /// Publishes why a job ended without a result: `failed/ID/`. Its pictures are kept, for ``reopen(_:)``.
    public func fail(_ report: ErrorReport) throws(SpoolError) {
        let home = directory(.active, report.job)
        try forget([Self.resultName, Self.timingsName], in: home)
        try DurableFile.write(canonical(report), to: "\(home)/\(ErrorReport.fileName)", mode: 0o644)
        try finishPublishing(report.job)
    }

    /// S5 to S6, for a job in `active/` whose `result.json` or `error.json` is there. Its submitter may read it from then on.
    public func finishPublishing(_ id: JobID) throws(SpoolError) {
        let home = directory(.active, id)
        try removeDrafts(in: home)
        // Where the record is damaged nobody knows whose the job is, and it ends all the same.
        do throws(SpoolError) { try share(home, with: IntakeRecord.read(home).submitter) } catch where error.isDamage {}
        if try exists("\(home)/\(Self.resultName)") {
            try move(EntryName(id.rawValue), from: .active, to: .done, as: id)
        } else {
            try move(EntryName(id.rawValue), from: .active, to: .failed, as: id)
        }
    }

    /// What a crash in the middle of ``DurableFile/write(_:to:mode:)`` left.
    private func removeDrafts(in home: String) throws(SpoolError) {
        let folder = try Descriptor.directory(home)
        for name in try folder.entries() where name.isHidden { try Removal.remove(name, in: folder) }
    }

    /// Lets the submitter into a directory of his job that is about to be published. Where the filesystem has no ACLs, the result
    /// is had from the control socket.
    func share(_ home: String, with submitter: UInt32) throws(SpoolError) {
        guard submitter != geteuid(), submitter != 0 else { return }
        try Descriptor.directory(home).share(with: submitter)
    }

    /// Back from S6 to S4: a job in `failed/` is to run again. The row becomes `queued` after that.
    /// - Throws: ``SpoolError/notRetryable(job:)`` where there is no snapshot to run.
    public func reopen(_ id: JobID) throws(SpoolError) {
        guard try canReopen(id) else { throw .notRetryable(job: id.rawValue) }
        let home = try Descriptor.directory(directory(.failed, id))
        // The report goes first: a directory in failed/ without one says that it is on its way back.
        do throws(SpoolError) { try home.remove(EntryName(ErrorReport.fileName)) } catch where error.isVanished {}
        try home.sync()
        try move(EntryName(id.rawValue), from: .failed, to: .active, as: id)
    }

    public func canReopen(_ id: JobID) throws(SpoolError) -> Bool { try exists("\(directory(.failed, id))/\(Self.picturesName)") }

    /// A job's manifest and intake record, from wherever it lies.
    /// - Throws: ``SpoolError`` with ENOENT where it lies nowhere, or was refused and so has no manifest of ours.
    public func accepted(_ id: JobID) throws(SpoolError) -> AcceptedJob {
        let home = directory(try place(of: id) ?? .active, id)
        return AcceptedJob(id: id, manifest: try decode(Manifest.self, "\(home)/\(Manifest.fileName)"), record: try .read(home))
    }

    /// How many queries, or pictures of a training, the published result of a job could do nothing with.
    public func failedCount(_ id: JobID) throws(SpoolError) -> Int {
        struct Head: Decodable {
            struct Counts: Decodable { var failed: Int }
            var counts: Counts
        }
        return try decode(Head.self, "\(directory(.done, id))/\(Self.resultName)").counts.failed
    }

    /// When a final job's directory came to rest, milliseconds since 1970 UTC.
    public func finished(_ id: JobID, in place: Place) throws(SpoolError) -> Int64 {
        let moved = try Descriptor.directory(directory(place, id)).status().st_ctim
        return Int64(moved.tv_sec) * 1000 + Int64(moved.tv_nsec) / 1_000_000
    }

    /// Why a job in `failed/` or `corrupt/` ended.
    public func errorReport(_ id: JobID) throws(SpoolError) -> ErrorReport {
        try decode(ErrorReport.self, "\(directory(try place(of: id) ?? .failed, id))/\(ErrorReport.fileName)")
    }

    /// Out of sight, and about to be removed.
    static let gonePrefix = ".gone-"
    /// In `corrupt/`: what we may not remove.
    static let leftPrefix = ".left-"

    /// One rename between two places, and both directories brought to the disk. Where that fails nobody knows what the disk has,
    /// so the entry goes back to where it was, for the move to be made anew.
    func move(_ name: EntryName, from: Place, to: Place, as id: JobID) throws(SpoolError) {
        let source = try Descriptor.directory(directory(from)), target = try Descriptor.directory(directory(to))
        try source.rename(name, to: target, as: EntryName(id.rawValue))
        do throws(SpoolError) {
            try target.sync()
            if from != to { try source.sync() }
        } catch {
            try? target.rename(EntryName(id.rawValue), to: source, as: name)
            throw error
        }
    }
}
