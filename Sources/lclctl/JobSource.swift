// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob
import LCLSpool
import LCLText

/// A job as it lies on somebody's disk: its manifest, and where its pictures are.
package struct JobSource {
    /// Queries are always a list here.
    package var manifest: Manifest
    /// What relative paths are relative to.
    package let root: String

    /// Reads a directory (with `job.json`, or laid out as `support/LABEL/` and `queries/`) or a manifest file.
    package static func read(_ path: String) -> Result<JobSource, Problems> {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            return .failure(Problems(Failure(.jobUnreadable, "there is no '\(path)', or it may not be read", subject: path)))
        }
        return find(path, isDirectory: isDirectory.boolValue).flatMap { source in
            source.manifest.tooManyScores.map { .failure(Problems($0)) } ?? .success(source)
        }
    }

    private static func find(_ path: String, isDirectory: Bool) -> Result<JobSource, Problems> {
        guard isDirectory else { return readManifest(path) }
        let manifest = path + "/" + Manifest.fileName
        if FileManager.default.fileExists(atPath: manifest) { return readManifest(manifest) }
        let (files, problems) = files(in: path)
        guard problems.isEmpty else { return .failure(Problems(problems)) }
        return Manifest.fromLayout(files: files).map { JobSource(manifest: $0, root: path) }
    }

    private static func readManifest(_ path: String) -> Result<JobSource, Problems> {
        let slash = path.lastIndex(of: "/"), root = slash.map { String(path[..<$0]) } ?? "."
        guard let text = FileManager.default.contents(atPath: path) else {
            return .failure(Problems(Failure(.jobUnreadable, "'\(path)' cannot be read; check that it is a file and its permissions", subject: path)))
        }
        // A manifest names its pictures beside it, or all by absolute paths: the first reading that holds is right.
        var outcome = Manifest.read(text)
        if case .failure(let problems) = outcome, problems.problems.contains(where: { $0.code == .manifestPath }),
            case .success(let absolute) = Manifest.read(text, paths: .absolute)
        {
            outcome = .success(absolute)
        }
        return outcome.flatMap { manifest in
            let found = manifest.patterns.map { files(for: $0, root: root) }, problems = found.flatMap(\.problems)
            guard problems.isEmpty else { return .failure(Problems(problems)) }
            return manifest.patterns.isEmpty ? .success(manifest) : manifest.resolving(files: Array(Set(found.flatMap(\.files))))
        }.map { JobSource(manifest: $0, root: root.isEmpty ? "/" : root) }
    }

    /// Those that a folder or pattern may name, and what kept us from seeing all of a folder.
    private static func files(for pattern: String, root: String) -> (files: [String], problems: [Failure]) {
        let folder = pattern.hasPrefix("/") ? String(pattern.prefix { $0 != "*" && $0 != "?" && $0 != "[" }) : ""
        let base = folder.isEmpty ? root : String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
        func whole(_ path: String) -> String { folder.isEmpty ? path : "\(base)/\(path)" }
        let found = files(in: base.isEmpty ? "/" : base), named = pattern.hasSuffix("/") ? pattern : pattern + "/"
        let problems = found.problems.filter { problem in
            let path = whole(problem.subject!) + "/"
            return !Glob.isPattern(pattern) && (path.hasPrefix(named) || named.hasPrefix(path))
        }
        return (found.files.map(whole), problems)
    }

    /// Everything below `directory` that is no directory, as relative paths; and folders there, hidden ones apart, that may not be listed or are links.
    static func files(in directory: String) -> (files: [String], problems: [Failure]) {
        var files: [String] = [], problems: [Failure] = [], folders = [""]
        while let folder = folders.popLast() {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: "\(directory)/\(folder)") else {
                let why = "'\(directory)/\(folder)' may not be listed; make it readable (chmod a+rX), or take it out of the job"
                problems.append(Failure(.jobUnreadable, why, subject: folder))
                continue
            }
            for name in names {
                let path = folder.isEmpty ? name : folder + "/" + name
                var isFolder: ObjCBool = false, status = stat()
                guard FileManager.default.fileExists(atPath: "\(directory)/\(path)", isDirectory: &isFolder), isFolder.boolValue else {
                    files.append(path)
                    continue
                }
                if name.hasPrefix(".") { continue }
                if lstat("\(directory)/\(path)", &status) == 0, status.st_mode & S_IFMT == S_IFLNK {
                    problems.append(Failure(.jobUnreadable, "'\(directory)/\(path)' is a link to a folder; put the folder itself there, or name it", subject: path))
                } else {
                    folders.append(path)
                }
            }
        }
        return (files, problems)
    }

    package func location(of file: String) -> String { file.hasPrefix("/") ? file : root + "/" + file }

    /// What a person would be told of each picture after a submission, found before: absent, no file, empty, no picture.
    package func pictureProblems() -> [Failure] {
        var problems: [Failure] = []
        for (i, label) in manifest.labels.enumerated() {
            for (j, file) in label.support.enumerated() {
                if let problem = PictureCheck.problem(location(of: file), called: file, at: "$.labels[\(i)].support[\(j)]") { problems.append(problem) }
            }
        }
        guard case .list(let queries) = manifest.queries else { return problems }
        for (k, query) in queries.enumerated() {
            if let problem = PictureCheck.problem(location(of: query.image), called: query.image, at: "$.queries[\(k)].image") { problems.append(problem) }
        }
        return problems
    }
}

extension JobSource {
    /// What intake would refuse of a directory that is moved into the spool as it is, and `lclctl submit`, which copies, would not: links.
    package func linkProblems() -> [Failure] {
        guard let directory = try? JobDirectory(path: root) else { return [] }
        return paths.filter { !$0.hasPrefix("/") }.compactMap { file in
            do throws(Failure) {
                try directory.withDescriptor(of: file, upTo: JobDirectory.maximumPictureBytes) { _ in }
                return nil
            } catch {
                return error.code == .imageOutside ? error : nil
            }
        }
    }
}

/// What can be said of a picture file without decoding it.
enum PictureCheck {
    private static let maximumBytes = 64 << 20

    static func problem(_ path: String, called name: String, at place: String) -> Failure? {
        func failure(_ code: Failure.Code, _ text: String) -> Failure { Failure(code, "\(place) '\(name)' \(text)", subject: place) }
        // A FIFO is not waited for.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            return errno == ENOENT || errno == ENOTDIR
                ? failure(.imageMissing, "does not exist") : failure(.imageUnreadable, "cannot be read: \(String(cString: strerror(errno)))")
        }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        let attributes = try? FileManager.default.attributesOfItem(atPath: (path as NSString).resolvingSymlinksInPath)
        guard attributes?[.type] as? FileAttributeType == .typeRegular else { return failure(.imageNotAFile, "is no regular file") }
        let size = (attributes?[.size] as? NSNumber)?.intValue ?? 0
        if size == 0 { return failure(.imageEmpty, "is empty") }
        if size > maximumBytes { return failure(.imageTooLarge, "has \(Wording.bytes(size)); at most \(Wording.bytes(maximumBytes)) are read") }
        let head = (try? file.read(upToCount: 8)) ?? Data()
        let isPicture = head.starts(with: [0xFF, 0xD8, 0xFF]) || head.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
        return isPicture ? nil : failure(.imageUnsupported, "is neither JPEG nor PNG")
    }
}
