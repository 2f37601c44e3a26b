// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl
import LCLDaemon
import LCLJob
import Logging
import Testing

/// A worker that is taken over can spoil its own job and nothing else: a whole daemon, whose workers are `HostileWorker`.
struct HostileWorkerTests {
    private static let tricks = [
        "other-query", "other-label", "early", "other-model", "nonsense", "endless-line", "endless-talk", "silent", "closes", "dies", "forks", "escapes",
        "other-pictures",
    ]

    @Test func othersJobs_areAnswered_whateverAWorkerDoes() async throws {
        let root = "/tmp/lcl-hostile-\(getpid())", spool = root + "/spool"
        try? FileManager.default.removeItem(atPath: root)
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "HostileWorker").path
        let sources = Settings.Sources(flags: [
            "spool": spool, "state": root + "/state", "socket": root + "/c.sock", "workers.count": "1", "workers.attempts": "1", "workers.deadline": "1s",
        ])
        let settings = try Settings(sources)
        let daemon = Task { try await Daemon(settings: settings, sources: sources, program: program, logger: Logger(label: "hostile") { _ in SwiftLogNoOpLogHandler() }).run() }
        try await until("the daemon is up") { FileManager.default.fileExists(atPath: root + "/c.sock") }
        for name in Self.tricks + ["honest"] { try drop(name, into: spool) }
        try await until("every job has ended") {
            Self.tricks.allSatisfy { FileManager.default.fileExists(atPath: "\(spool)/failed/\($0)/error.json") } && FileManager.default.fileExists(atPath: spool + "/done/honest/result.json")
        }
        for name in Self.tricks {
            let report = try String(contentsOfFile: "\(spool)/failed/\(name)/error.json", encoding: .utf8)
            #expect(report.contains("job.attempts_exhausted"), "\(name): \(report)")
            #expect(!report.unicodeScalars.contains("\u{1B}"))
        }
        #expect(try String(contentsOfFile: spool + "/failed/dies/error.json", encoding: .utf8).contains("saying '?[31mFatal error'"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: spool + "/done") == ["honest"])
        daemon.cancel()
        _ = await daemon.result
    }

    private func drop(_ name: String, into spool: String) throws {
        let home = "\(spool)/tmp/\(name)"
        for file in ["support/a/1.png", "support/b/1.png", "queries/q.png"] {
            try FileManager.default.createDirectory(atPath: "\(home)/\(file.dropLast(6))", withIntermediateDirectories: true)
            try Data(file.utf8).write(to: URL(filePath: "\(home)/\(file)"))
        }
        #expect(rename(home, "\(spool)/incoming/\(name)") == 0)
    }

    private func until(_ what: Comment, _ condition: () throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try !condition() {
            try #require(ContinuousClock.now < deadline, what)
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
