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
        try await withDaemon { spool in
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
        }
    }

    /// The job of one user takes the worker over; it then waits for another's.
    @Test(.enabled(if: geteuid() == 0, "gives files away"), arguments: [1, 2])
    func othersJobs_areAnsweredByAnotherProcess_whenAWorkerWaitsForThem(workers: Int) async throws {
        try await withDaemon(workers: workers) { spool in
            // Three users, in turns, on two workers at most: whose worker lurks is sent home before his next turn.
            for name in (0..<3).flatMap({ round in [1000, 1001, 1002].map { (round, $0) } }) {
                try drop("lurking-\(name.1)-\(name.0)", into: spool, owner: uid_t(name.1))
                _ = try await label("lurking-\(name.1)-\(name.0)", in: spool)
                let victim = "after-\(name.1)-\(name.0)"
                try drop(victim, into: spool, owner: name.1 == 1002 ? 1000 : uid_t(name.1 + 1))
                #expect(try await label(victim, in: spool) == "a")
            }
            // It does lurk: the same user's own next job meets it.
            try drop("lurking-again", into: spool, owner: 1000)
            _ = try await label("lurking-again", in: spool)
            try drop("own", into: spool, owner: 1000)
            #expect(try await label("own", in: spool) == "b" || workers > 1)
        }
    }

    @Test func worker_isReplaced_whenItSpeaksWithoutBeingAsked() async throws {
        try await withDaemon { spool in
            try drop("talking", into: spool)
            _ = try await label("talking", in: spool)
            try await Task.sleep(for: .seconds(2))
            try drop("next", into: spool)
            #expect(try await label("next", in: spool) == "a")
        }
    }

    private func label(_ job: String, in spool: String) async throws -> String? {
        let path = "\(spool)/done/\(job)/result.json"
        try await until("\(job) is answered") { FileManager.default.fileExists(atPath: path) }
        return try CanonicalJSON.decode(JobResult.self, from: Data(contentsOf: URL(filePath: path))).queries[0].answer?.label
    }

    /// A whole daemon on a scratch spool, whose workers are `HostileWorker`.
    private func withDaemon(workers: Int = 1, _ body: (_ spool: String) async throws -> Void) async throws {
        let root = "/tmp/lcl-hostile-\(UUID().uuidString.prefix(8))", spool = root + "/spool"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "HostileWorker").path
        let sources = Settings.Sources(flags: [
            "spool": spool, "state": root + "/state", "socket": root + "/c.sock", "workers.count": "\(workers)", "workers.attempts": "1", "workers.deadline": "1s",
        ])
        let settings = try Settings(sources)
        let daemon = Task { try await Daemon(settings: settings, sources: sources, program: program, logger: Logger(label: "hostile") { _ in SwiftLogNoOpLogHandler() }).run() }
        try await until("the daemon is up") { FileManager.default.fileExists(atPath: root + "/c.sock") }
        try await body(spool)
        daemon.cancel()
        _ = await daemon.result
    }

    private func drop(_ name: String, into spool: String, owner: uid_t = geteuid()) throws {
        let home = "\(spool)/tmp/\(name)"
        for file in ["support/a/1.png", "support/b/1.png", "queries/q.png"] {
            try FileManager.default.createDirectory(atPath: "\(home)/\(file.dropLast(6))", withIntermediateDirectories: true)
            try Data(file.utf8).write(to: URL(filePath: "\(home)/\(file)"))
        }
        if owner != geteuid() {
            for path in try [home] + FileManager.default.subpathsOfDirectory(atPath: home).map({ "\(home)/\($0)" }) { #expect(chown(path, owner, owner) == 0) }
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
