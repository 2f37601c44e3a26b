// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob

/// Takes what is offered into the daemon's care: states S1 to S3. One task at a time may use it, and nothing else claims.
public struct Intake: Sendable {
    public struct Limits: Sendable {
        public var pictureBytes = JobDirectory.maximumPictureBytes
        /// All files of a job whose queries are a folder or a pattern.
        public var files = JobDirectory.maximumFiles
        /// All pictures of one job together.
        public var jobBytes = 64 << 30
        /// What copying leaves free on the disk: bytes, and inodes where the filesystem counts them.
        public var reserve: @Sendable () -> (bytes: Int, inodes: Int) = { (0, 0) }

        public init() {}
    }

    public enum Outcome: Sendable {
        /// S3: `active/ID/` is there.
        case accepted(AcceptedJob)
        /// S6 or SX: `failed/ID/` or `corrupt/ID/` is there, with `error.json`.
        case refused(RefusedJob)
        /// The entry went away, or its job was taken before: normal.
        case nothing
    }

    public struct RefusedJob: Sendable {
        public var id: JobID
        public var record: IntakeRecord
        public var problems: Problems
        /// `failed`: a job with mistakes; `corrupt`: not a job.
        public var place: Spool.Place
    }

    public let spool: Spool
    public let limits: Limits
    /// Absolute paths of the folders that bare manifests may name pictures in.
    public let allowedFolders: [String]
    /// Why this user may not have such a job, or `nil`.
    private let admit: @Sendable (Manifest, UInt32) -> Failure?

    public init(
        spool: Spool, limits: Limits = Limits(), allowedFolders: [String] = [],
        admit: @escaping @Sendable (_ manifest: Manifest, _ submitter: UInt32) -> Failure? = { _, _ in nil }
    ) {
        self.spool = spool
        self.limits = limits
        self.allowedFolders = allowedFolders
        self.admit = admit
    }

    /// Claims one offer, copies what its manifest names, and acknowledges or refuses it.
    ///
    /// Where it throws, the claim stays in `active/`, and the next scan offers it again: wait a while before taking it.
    /// - Parameters:
    ///   - now: milliseconds since 1970 UTC.
    ///   - allowance: what the owner of the offer has left of his quota; `nil` where there is none.
    ///   - refusal: why it is set aside without being looked at.
    public func take(_ offer: Offer, now: Int64, allowance: Allowance? = nil, refusal: Failure? = nil) throws(SpoolError) -> Outcome {
        let id: JobID
        do throws(SpoolError) {
            id = try claim(offer)
        } catch where error.isVanished {
            return .nothing
        }
        if let place = try spool.place(of: id) {
            // The earlier try may have failed to flush it.
            try Descriptor.directory(spool.directory(place)).syncFilesystem()
            try settle(id, place)
            // Perhaps nobody was told the first time: the store takes a job once, however often it is accepted or refused.
            switch place {
            case .active: return .accepted(try spool.accepted(id))
            case .failed, .corrupt:
                let record = try IntakeRecord.read(spool.directory(place, id)), problems = try spool.errorReport(id).problems
                return .refused(RefusedJob(id: id, record: record, problems: Problems(problems), place: place))
            default:
                try removeSettled(id)
                return .nothing
            }
        }
        let status = try Descriptor.directory(spool.directory(.active)).status(of: Self.claimName(id))
        let record = IntakeRecord(submitter: status.st_uid, accepted: now, entry: offer.name.description, unreadable: [:])
        // Another user's entry took the place of the one that was seen: the next scan offers the claim with its owner.
        if let allowance, allowance.submitter != status.st_uid { return .nothing }
        let snapshot = try Snapshot(spool: spool, id: id, record: record, limits: limits, allowance: allowance, admit: admit)
        do throws(SpoolError) {
            if let refusal { return try refuse(snapshot, Problems(refusal), to: .corrupt) }
            return try finish(snapshot, status)
        } catch {
            snapshot.discard()
            throw error
        }
    }

    private func finish(_ draft: Snapshot, _ status: stat) throws(SpoolError) -> Outcome {
        var snapshot = draft
        switch try snapshot.fill(status, allowedFolders: allowedFolders) {
        case .success(let manifest):
            try snapshot.commit(manifest)
            try settle(snapshot.id, .active)
            return .accepted(AcceptedJob(id: snapshot.id, manifest: manifest, record: snapshot.record))
        case .failure(let problems):
            return try refuse(snapshot, problems, to: problems.problems.contains { $0.code == .manifestMissing } ? .corrupt : .failed)
        }
    }

    private func refuse(_ draft: Snapshot, _ problems: Problems, to place: Spool.Place) throws(SpoolError) -> Outcome {
        var snapshot = draft
        try snapshot.refuse(problems, to: place)
        try settle(snapshot.id, place)
        return .refused(RefusedJob(id: snapshot.id, record: snapshot.record, problems: problems, place: place))
    }

    // MARK: S1 to S2

    /// `active/.claim-ID`: the entry as it came.
    static func claimName(_ id: JobID) -> EntryName { EntryName(Self.claimPrefix + id.rawValue) }
    static let claimPrefix = ".claim-"
    static let readySuffix = ".ready"

    /// What says that a bare manifest is complete.
    static func readyName(of manifest: EntryName) -> EntryName { EntryName(bytes: manifest.bytes + Array(readySuffix.utf8)) }

    private func claim(_ offer: Offer) throws(SpoolError) -> JobID {
        if let id = offer.claimed { return id }
        let incoming = try Descriptor.directory(spool.directory(.incoming)), active = try Descriptor.directory(spool.directory(.active))
        let wanted = Self.id(for: offer.name)
        try removeReady(offer, in: incoming)
        for n in 1... {
            // Many of one name: not all of them are gone through.
            let id = n == 1 ? wanted : wanted.numbered(n < 10 ? n : .random(in: 10...99_999_999))
            if try spool.isNamed(id) { continue }
            do throws(SpoolError) {
                try incoming.rename(offer.name, to: active, as: Self.claimName(id))
            } catch .system(_, _, EEXIST) {
                continue
            }
            // Not flushed: the snapshot's flush comes before its own rename, and brings this one to the disk as well.
            return id
        }
        preconditionFailure("numbers ran out")
    }

    /// Before the claim: a marker left behind would make a later entry of this name look whole. Without it, this one is by settling.
    private func removeReady(_ offer: Offer, in incoming: borrowing Descriptor) throws(SpoolError) {
        let name = Self.readyName(of: offer.name)
        do throws(SpoolError) {
            guard try incoming.status(of: name).st_uid == offer.owner else { return }
            try incoming.remove(name)
        } catch {
            // Else there is none, or it is no file.
            guard case .system(_, _, EIO) = error else { return }
            throw error
        }
    }

    /// The name that a job gets where it is free: the entry's, without `.json`.
    static func id(for entry: EntryName) -> JobID {
        let text = entry.description
        return JobID(slug: text.hasSuffix(".json") ? String(text.dropLast(5)) : text)
    }

    // MARK: S3

    /// Puts away a claim whose job has its directory: kept beside the report of a refused job; out of sight after a snapshot, until
    /// ``removeSettled(_:)``.
    private func settle(_ id: JobID, _ place: Spool.Place) throws(SpoolError) {
        let active = try Descriptor.directory(spool.directory(.active))
        do throws(SpoolError) {
            if place == .failed || place == .corrupt {
                let home = try Descriptor.directory(spool.directory(place, id))
                try active.rename(Self.claimName(id), to: home, as: EntryName(Spool.originalName))
                try home.sync()
            } else {
                try active.rename(Self.claimName(id), to: active, as: Self.settledName(id))
            }
        } catch where error.isVanished {
        } catch .system(_, _, EEXIST) {
            try spool.removeOrPutAside(Self.claimName(id), in: .active)
        }
    }

    private static func settledName(_ id: JobID) -> EntryName { EntryName(Spool.gonePrefix + id.rawValue) }

    /// Removes what is left of the claim of a job that was accepted. It takes as long as copying did, and nobody waits for it; what a
    /// crash leaves is removed by the next start.
    public func removeSettled(_ id: JobID) throws(SpoolError) { try spool.removeOrPutAside(Self.settledName(id), in: .active) }
}
