// SPDX-License-Identifier: Apache-2.0
import CPosix
import Foundation
import Glibc
import LCLJob

/// Puts a job into the spool as any user may: builds it in `tmp/`, flushes it, and renames it into `incoming/`. States S0 to S1.
///
/// Where `tmp/` hands its group down (its set-group-ID bit, inode(7)), that group is the daemon's, and may do with the job what it likes:
/// a file server knows nothing of the capability by which the daemon may on a local disk.
public struct Producer: Sendable {
    private let spool: Spool

    public init(spool: Spool) { self.spool = spool }

    /// One file of a job: where it lies now, and its path in the job.
    public struct File: Hashable, Sendable {
        public var source: String
        public var path: String

        public init(source: String, path: String) {
            self.source = source
            self.path = path
        }
    }

    /// Submits a copy of a directory: everything in it but hidden names. Links are followed, with the caller's own rights.
    /// - Returns: the entry's name, which the job will have unless another has it: with `name` nil, one that no other has.
    public func submit(directory: String, name: JobID? = nil) throws(SpoolError) -> JobID {
        let home = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        let folder = try JobDirectory(path: home), listing: Listing
        do throws(Refusal) {
            listing = try Listing(folder)
        } catch {
            switch error {
            case .environment(let cause): throw cause
            case .picture(let failure), .job(let failure): throw .unusable(path: home, why: failure.message)
            }
        }
        if let failure = listing.unreadable.values.first { throw .unusable(path: home, why: failure.message) }
        let files = listing.files.map { File(source: home + "/" + $0, path: $0) }
        return try submit(files, name: name ?? Self.freshName(String(home.split(separator: "/").last ?? "job")))
    }

    /// Submits a job made of a manifest and loose files.
    public func submit(manifest: Manifest, files: [File], name: JobID? = nil) throws(SpoolError) -> JobID {
        try submit(files, manifest: manifest, name: name ?? Self.freshName(manifest.name ?? "job"))
    }

    private func submit(_ files: [File], manifest: Manifest? = nil, name: JobID) throws(SpoolError) -> JobID {
        var draft = try Draft("\(spool.directory(.tmp))/\(name).\(getpid()).\(UInt32.random(in: 0...UInt32.max))")
        do throws(SpoolError) {
            for file in files { try draft.add(file) }
            if let manifest { try draft.create(Manifest.fileName).write(canonical(manifest)) }
            _ = try draft.create(Intake.readySuffix)
            try draft.offer(as: "\(spool.directory(.incoming))/\(name)")
        } catch {
            try? FileManager.default.removeItem(atPath: draft.path)
            throw error
        }
        return name
    }

    /// `wish` and five characters that make it one of its kind.
    private static func freshName(_ wish: String) -> JobID {
        let tail = String((0..<5).map { _ in "abcdefghjkmnpqrstvwxyz23456789".randomElement()! })
        let slug = JobID(slug: wish).rawValue
        return JobID(slug: slug.prefix(JobID.maximumLength - 6) + "-" + tail)
    }
}

/// A job's directory in `tmp/` while it is being built.
private struct Draft: ~Copyable {
    let path: String
    private let home: Descriptor
    /// The group came down from `tmp/`, and is let in.
    private let isShared: Bool
    private var folders: [String]

    init(_ path: String) throws(SpoolError) {
        try check(mkdir(path, 0o700), "create", path)
        let directory = try Descriptor.directory(path), status = try directory.status()
        self.path = path
        home = directory
        isShared = status.st_mode & S_ISGID != 0
        folders = [path]
    }

    mutating func add(_ file: Producer.File) throws(SpoolError) {
        let source = try Descriptor.open(file.source, O_RDONLY | O_NONBLOCK), status = try source.status()
        guard status.isRegular else { throw .unusable(path: file.source, why: "it is \(status.kind), not a file") }
        precondition(ManifestPath.refusal(of: file.path, rule: .beneath) == nil, "a path within the job")
        folders += try makeFolders(file.path.lastIndex(of: "/").map { String(file.path[..<$0]) } ?? "", beneath: path)
        guard try create(file.path).copy(source, length: Int(status.st_size)) == status.st_size else {
            throw .unusable(path: file.source, why: "it shrank while it was copied")
        }
    }

    func create(_ name: String) throws(SpoolError) -> Descriptor {
        let file = try Descriptor.open("\(path)/\(name)", O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        if isShared { try check(fchmod(file.raw, 0o640), "set the mode of", file.path) }
        return file
    }

    /// Flushes it, and moves it to `entry`.
    func offer(as entry: String) throws(SpoolError) {
        // Not before, since it takes the bit away that hands the group down; the top last, which keeps the group out of what is below.
        if isShared { for folder in folders.reversed() { try check(chmod(folder, 0o770), "set the mode of", folder) } }
        try home.syncFilesystem()
        try check(cposix_rename_exclusive(AT_FDCWD, path, AT_FDCWD, entry), "rename to '\(entry)'", path)
        // `incoming/` cannot be opened by just anybody, and so not flushed alone.
        do throws(SpoolError) { try home.syncFilesystem() } catch {
            throw .unusable(path: entry, why: "it is in the spool, but perhaps not on the disk (\(error)); `lclctl list` tells whether it must be submitted again")
        }
    }
}
