// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// The place of one trial: `disk/` holds spool and state, and is all that faults strike; it is gone with this object.
final class Scratch: Sendable {
    let root: URL
    var disk: URL { root.appending(path: "disk") }
    var spool: URL { disk.appending(path: "spool") }
    var state: URL { disk.appending(path: "state") }
    var socket: String { root.appending(path: "c.sock").path }
    var log: URL { root.appending(path: "log") }
    var points: URL { root.appending(path: "points") }

    /// In memory where that is possible: a kill loses no page either way, and an fsync costs nothing.
    private static let home = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"

    /// - Parameter template: whose disk to begin with.
    init(like template: Scratch? = nil) throws {
        root = URL(filePath: "\(Self.home)/lcl-fault-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
        if let template {
            try FileManager.default.copyItem(at: template.disk, to: disk)
        } else {
            for folder in ["tmp", "incoming"] {
                try FileManager.default.createDirectory(at: spool.appending(path: folder), withIntermediateDirectories: true)
            }
        }
        try Data().write(to: log)
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// What the library wrote down.
    func loggedPoints() -> [FaultPoint] {
        ((try? String(contentsOf: points, encoding: .utf8)) ?? "").split(separator: "\n").compactMap { FaultPoint(line: $0) }
    }

    /// Whether the database's log is cut to nothing.
    var logIsFolded: Bool {
        let log = state.appending(path: "lcld.db-wal").path
        return (try? FileManager.default.attributesOfItem(atPath: log)[.size] as? Int) ?? 0 == 0
    }

    // MARK: Offering

    /// A copy of a job's directory or manifest, complete at once.
    func offer(_ source: URL, as name: String) throws {
        let building = spool.appending(path: "tmp/\(name)"), entry = spool.appending(path: "incoming/\(name)")
        try FileManager.default.copyItem(at: source, to: building)
        if name.hasSuffix(".json") {
            try Data().write(to: entry.appendingPathExtension("ready"))
        } else {
            try Data().write(to: building.appending(path: ".ready"))
        }
        guard rename(building.path, entry.path) == 0 else { throw CocoaError(.fileWriteUnknown) }
    }

    // MARK: Looking

    /// Every path in the spool, and among the models that were made, with its bytes; directories, and files that tell the time, have none.
    func tree() -> [String: Data] {
        var tree: [String: Data] = [:]
        let models = state.appending(path: "models")
        for path in (try? FileManager.default.subpathsOfDirectory(atPath: models.path)) ?? [] where !path.hasSuffix("encoder.gguf") {
            tree["models/" + path] = (try? Data(contentsOf: models.appending(path: path))) ?? Data()
        }
        for path in (try? FileManager.default.subpathsOfDirectory(atPath: spool.path)) ?? [] {
            let tellsTime = ["timings.json", "intake.json", ".lock"].contains { path.hasSuffix($0) }
            tree[path] = tellsTime ? Data() : (try? Data(contentsOf: spool.appending(path: path))) ?? Data()
        }
        return tree
    }

    /// What should be gone once every job is over.
    func strays(keeping waiting: Set<String> = []) -> [String] {
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: spool.path)) ?? ["?"]
        return paths.filter { path in
            let parts = path.split(separator: "/")
            if ["tmp", "incoming"].contains(parts[0]) { return parts.count > 1 }
            if parts[0] == "active" { return parts.count > 1 && !waiting.contains(String(parts[1])) }
            if parts[0] == "done", parts.last == "pictures" { return true }
            return path != ".lock" && parts.contains { $0.hasPrefix(".") } && !parts.contains("original")
        }
    }
}
