// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob
import LCLSpool

/// A spool of its own for one test, removed with it.
final class Scratch {
    let home: String
    let spool: Spool

    init() throws {
        var template = Array("\(NSTemporaryDirectory())/lcl-spool-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw POSIXError(.init(rawValue: errno)!) }
        home = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        spool = Spool(root: home + "/spool")
        try spool.prepare()
    }

    deinit { try? FileManager.default.removeItem(atPath: home) }

    func write(_ text: String, to path: String) throws {
        // Whatever the umask is, which a test beside this one may have set.
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        chmod(path, 0o644)
    }

    /// A directory in the layout, with two labels of two supports and two queries; the contents are no pictures.
    @discardableResult
    func layout(_ path: String) throws -> String {
        for file in ["support/cat/1.png", "support/cat/2.png", "support/dog/1.png", "support/dog/2.png", "queries/a.png", "queries/b.png"] {
            try write(file, to: "\(path)/\(file)")
        }
        return path
    }

    /// A manifest with two labels whose queries are `queries`.
    func manifest(_ queries: [String], root: String = "") throws -> String {
        let labels = ["cat", "dog"].map { Manifest.Label(name: $0, support: ["\(root)support/\($0)/1.png"]) }
        let manifest = Manifest(labels: labels, queries: .list(queries.map { .init(id: $0, image: $0) }))
        return String(decoding: try CanonicalJSON.encode(manifest), as: UTF8.self)
    }

    var incoming: String { spool.directory(.incoming) }

    /// What the next scan finds complete, taken at time 0.
    func takeAll(_ intake: Intake? = nil, moved: [String]) throws -> [Intake.Outcome] {
        var scanner = IncomingScanner(spool: spool)
        let intake = intake ?? Intake(spool: spool)
        return try scanner.scan(now: 0, moved: Set(moved.map { EntryName($0) })).ready.map { offer in
            let outcome = try intake.take(offer, now: 0)
            if case .accepted(let job) = outcome { try intake.removeSettled(job.id) }
            return outcome
        }
    }

    /// Takes one offered entry that is a job.
    func accept(_ entry: String, _ intake: Intake? = nil) throws -> AcceptedJob {
        let outcomes = try takeAll(intake, moved: [entry])
        guard outcomes.count == 1, case .accepted(let job) = outcomes[0] else { throw Unexpected(outcomes) }
        return job
    }

    /// Takes one offered entry that is refused.
    func refuse(_ entry: String, _ intake: Intake? = nil) throws -> Intake.RefusedJob {
        let outcomes = try takeAll(intake, moved: [entry])
        guard outcomes.count == 1, case .refused(let job) = outcomes[0] else { throw Unexpected(outcomes) }
        return job
    }

    struct Unexpected: Error {
        let outcomes: String
        init(_ outcomes: [Intake.Outcome]) { self.outcomes = "\(outcomes)" }
    }
}

func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
}

func names(in path: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
