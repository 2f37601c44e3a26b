// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob

/// The private copy of one claimed job while it is being made: `active/.snapshot-ID/`, states S2 to S3.
struct Snapshot {
    static let prefix = ".snapshot-"

    let spool: Spool
    let id: JobID
    private(set) var record: IntakeRecord
    private let limits: Intake.Limits
    private let allowance: Allowance?
    private let admit: @Sendable (Manifest, UInt32) -> Failure?
    private let home: String
    private var bytes = 0
    private var files = 0
    /// The folder of the last copy.
    private var folder = ""

    /// Begins afresh: what an earlier try left is removed.
    init(
        spool: Spool, id: JobID, record: IntakeRecord, limits: Intake.Limits, allowance: Allowance?, admit: @escaping @Sendable (Manifest, UInt32) -> Failure?
    ) throws(SpoolError) {
        self.spool = spool
        self.id = id
        self.record = record
        self.limits = limits
        self.allowance = allowance
        self.admit = admit
        home = "\(spool.directory(.active))/\(Self.prefix)\(id)"
        let pictures = home + "/" + Spool.picturesName
        try Removal.remove(EntryName(Self.prefix + id.rawValue), in: Descriptor.directory(spool.directory(.active)))
        try check(mkdir(home, 0o700), "create", home)
        try check(mkdir(pictures, 0o700), "create", pictures)
    }

    /// Reads the claim's manifest and copies the pictures that it names. A picture that cannot be read is recorded.
    mutating func fill(_ claim: stat, allowedFolders: [String]) throws(SpoolError) -> Result<Manifest, Problems> {
        let path = "\(spool.directory(.active))/\(Intake.claimName(id))"
        if claim.isDirectory {
            let source = try JobDirectory(path: path, submitter: claim.st_uid, flags: O_NOFOLLOW)
            return try copy(source.contents(upTo: limits.files)) { (file, snapshot) throws(Refusal) in
                try source.withPicture(file, upTo: snapshot.limits.pictureBytes) { (picture, size) throws(Refusal) in try snapshot.add(file, picture, size) }
            }
        }
        guard claim.isRegular, record.entry.hasSuffix(".json") else {
            return .failure(Problems(Failure(.manifestMissing, "'\(record.entry)' is \(claim.kind), neither a job's directory nor a manifest NAME.json")))
        }
        let source = BareManifest(allowed: allowedFolders, submitter: claim.st_uid)
        let active = try JobDirectory(path: spool.directory(.active)), contents: Result<JobContents, Problems>
        do throws(Refusal) {
            let text = try active.text(of: Intake.claimName(id).description)
            contents = try source.contents(text)
        } catch {
            contents = .failure(try error.problems())
        }
        return try copy(contents) { (file, snapshot) throws(Refusal) in
            try source.withPicture(file, upTo: snapshot.limits.pictureBytes) { (picture, size) throws(Refusal) in try snapshot.add(file, picture, size) }
        }
    }

    private mutating func copy(
        _ contents: Result<JobContents, Problems>, _ copy: (String, inout Snapshot) throws(Refusal) -> Void
    ) throws(SpoolError) -> Result<Manifest, Problems> {
        guard case .success(let contents) = contents else { return contents.map(\.manifest) }
        let queries = contents.manifest.work.count
        if let refusal = contents.manifest.tooManyScores ?? admit(contents.manifest, record.submitter) { return .failure(Problems(refusal)) }
        if let refusal = allowance?.refusal(queries: queries, bytes: 0) { return .failure(Problems(refusal)) }
        record.unreadable = Dictionary(uniqueKeysWithValues: contents.unreadable.map { (Self.relative($0.key), $0.value) })
        for file in contents.manifest.pictures where record.unreadable[Self.relative(file)] == nil {
            do throws(Refusal) {
                try copy(file, &self)
            } catch {
                switch error {
                case .picture(let failure): record.unreadable[Self.relative(file)] = failure
                case .job(let failure): return .failure(Problems(failure))
                case .environment(let cause): throw cause
                }
            }
            if let refusal = try excess(queries: queries) { return .failure(Problems(refusal)) }
        }
        record.bytes = bytes
        return .success(contents.manifest.relative())
    }

    /// What the pictures that were copied so far are too many for.
    private func excess(queries: Int) throws(SpoolError) -> Failure? {
        if bytes > limits.jobBytes {
            return Failure(.jobTooLarge, "the pictures have more than \(limits.jobBytes) bytes together; split the job")
        }
        return allowance?.refusal(queries: queries, bytes: bytes)
    }

    /// - Throws: ENOSPC where the copy would leave less on the disk than is to stay free; `disk.full` where that can never change.
    private func makeSure(of size: Int, for file: String) throws(Refusal) {
        do throws(SpoolError) {
            let room = try Filesystem.room(at: home), reserve = limits.reserve()
            let nodes = (what: "inodes", needed: 1 + reserve.inodes, free: room.inodes ?? .max, most: (room.most ?? .max) - files)
            let disk = (what: "bytes", needed: size + reserve.bytes, free: room.bytes, most: room.capacity - bytes)
            guard let short = [nodes, disk].first(where: { $0.needed > $0.free }) else { return }
            guard short.needed > short.most else { throw .noRoom(path: home, what: short.what, needed: short.needed, free: short.free) }
        } catch {
            throw .environment(error)
        }
        throw .job(Failure(.diskFull, "the pictures are more than the spool's disk holds; split the job, or give the spool a larger disk", subject: file))
    }

    /// Copies one open picture. A path that was copied before, in this or another spelling, is there already.
    private mutating func add(_ file: String, _ picture: borrowing Descriptor, _ size: Int) throws(Refusal) {
        let path = "\(home)/\(Spool.picturesName)/\(Self.relative(file))"
        let copied: Int
        try makeSure(of: size, for: file)
        do throws(SpoolError) {
            try makeFolders(of: path)
            let copy = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            copied = try copy.copy(picture, length: size)
        } catch .system(_, _, EEXIST) {
            return
        } catch .system(_, _, let code) where [ENAMETOOLONG, ENOTDIR, EISDIR].contains(code) {
            let why = String(cString: strerror(code))
            throw .picture(Failure(.imageMissing, "no copy can be made at the path '\(file.quoted(64))': \(why); use shorter names or fewer folders", subject: file))
        } catch {
            // Of the two files, the one that cannot be read is the picture's fault.
            if case .system(_, _, EIO) = error, (try? picture.read(upTo: size)) == nil { throw Refusal(error, file) }
            throw .environment(error)
        }
        guard copied == size else {
            unlink(path)
            throw .picture(Failure(.imageTruncated, "'\(file)' shrank while it was copied; submit the job once its files are complete", subject: file))
        }
        bytes += size
        files += 1
    }

    private mutating func makeFolders(of path: String) throws(SpoolError) {
        let last = String(path[..<path.utf8.lastIndex(of: UInt8(ascii: "/"))!])
        guard last != folder else { return }
        try LCLSpool.makeFolders(String(last.dropFirst(home.count)), beneath: home)
        folder = last
    }

    // MARK: To S3, or to S6 and SX

    /// Writes the papers, brings everything to the disk, and makes it `active/ID/`: from here on the job is not lost.
    func commit(_ manifest: Manifest) throws(SpoolError) {
        try add(manifest, Manifest.fileName)
        try finish(.active)
    }

    /// The same for a job that is refused: `error.json` instead of pictures.
    mutating func refuse(_ problems: Problems, to place: Spool.Place) throws(SpoolError) {
        try Removal.remove(EntryName(Spool.picturesName), in: Descriptor.directory(home))
        record.unreadable = [:]
        try add(ErrorReport(job: id, state: .failed, problems: problems.problems), ErrorReport.fileName)
        try check(chmod("\(home)/\(ErrorReport.fileName)", 0o644), "set the mode of", home)
        try spool.share(home, with: record.submitter)
        try finish(place)
    }

    private func finish(_ place: Spool.Place) throws(SpoolError) {
        try add(record, IntakeRecord.fileName)
        try Descriptor.directory(home).syncFilesystem()
        try spool.move(EntryName(Self.prefix + id.rawValue), from: .active, to: place, as: id)
    }

    private func add(_ value: some Encodable, _ name: String) throws(SpoolError) {
        let path = home + "/" + name
        try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600).write(canonical(value))
    }

    /// Frees the disk after a failure; what is left is removed by the next try.
    func discard() {
        if let active = try? Descriptor.directory(spool.directory(.active)) {
            try? Removal.remove(EntryName(Self.prefix + id.rawValue), in: active)
        }
    }

    private static func relative(_ path: String) -> String { String(path.drop { $0 == "/" }) }
}

/// Our own values always encode.
func canonical(_ value: some Encodable) -> Data {
    do { return try CanonicalJSON.encode(value, pretty: true) } catch { preconditionFailure("\(error)") }
}
