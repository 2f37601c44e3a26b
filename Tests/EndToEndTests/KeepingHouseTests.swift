// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl
import LCLJob
import LCLStore
import TestPictures
import Testing

extension EndToEnd {
    /// Expiry, retention, reload, priorities, quotas, and the database's own troubles.
    @Suite struct KeepingHouse {
        /// A copy of the small job with a manifest of these options.
        private static func job(_ rig: Rig, _ name: String, options: String) throws -> URL {
            let job = rig.root.appending(path: name), sample = SampleJob.small
            try FileManager.default.copyItem(at: sample.directory, to: job)
            let labels = try FileManager.default.contentsOfDirectory(atPath: job.appending(path: "support").path).sorted().map { label in
                let supports = try FileManager.default.contentsOfDirectory(atPath: job.appending(path: "support/\(label)").path).sorted()
                return #"{"name": "\#(label)", "support": [\#(supports.map { "\"support/\(label)/\($0)\"" }.joined(separator: ", "))]}"#
            }
            let manifest = #"{"schema": "lcl/job/1", "labels": [\#(labels.joined(separator: ", "))], "queries": "queries", "options": \#(options)}"#
            try Data(manifest.utf8).write(to: job.appending(path: "job.json"))
            return job
        }

        @Test func job_expires_whenItWaitedTooLong() throws {
            let rig = try Rig()
            try rig.start()
            #expect(rig.ctl("pause").status == 0)
            try rig.drop(try Self.job(rig, "brief", options: #"{"expires": "1s"}"#), as: "brief")
            #expect(try rig.refusal("brief") == "job.expired")
            try rig.wait("the row is final") { try rig.state(of: "brief") == .expired }
            #expect(try rig.strays() == [])
        }

        @Test func finishedJob_isForgotten_whenItIsTooOld() throws {
            let rig = try Rig()
            try rig.start()
            try rig.drop(SampleJob.small.directory, as: "old")
            _ = try rig.result("old")
            try rig.end(SIGTERM)
            try rig.start(settings: ["LCLD_RETENTION_AGE": "1s"])
            try rig.wait("its directory is gone") { !FileManager.default.fileExists(atPath: rig.spool.appending(path: "done/old").path) }
            try rig.wait("its row is gone") { rig.ctl("show", "old").status == 4 }
        }

        @Test func reload_takesWhatIsLive_andRefusesMistakes() throws {
            let rig = try Rig(), file = rig.root.appending(path: "lcld.json")
            func reload(_ text: String, until word: String) throws {
                try Data(text.utf8).write(to: file)
                Glibc.kill(rig.daemon!.processIdentifier, SIGHUP)
                try rig.wait("the log says '\(word)'") { rig.logText.contains(word) }
            }
            try Data("{}".utf8).write(to: file)
            try rig.start(workers: nil, settings: ["LCLD_CONFIG": file.path])
            let before = try rig.status().workers.count
            try reload(#"{"workers": {"count": \#(before + 1)}, "intake": {"scan": "1s"}}"#, until: "configuration reloaded")
            #expect(rig.logText.contains("intake.scan"))
            try rig.wait("there is one more worker") { try rig.status().workers.count == before + 1 }
            try reload(#"{"workers": {"cuont": 9}}"#, until: "configuration refused")
            #expect(try rig.status().workers.count == before + 1)
        }

        @Test func jobs_run_inTheOrderOfTheirPriorities() throws {
            let rig = try Rig()
            try rig.start()
            #expect(rig.ctl("pause").status == 0)
            for (name, priority) in [("low", -5), ("middle", 0), ("high", 5)] {
                try rig.drop(try Self.job(rig, name, options: #"{"priority": \#(priority)}"#), as: name)
                try rig.wait("\(name) is queued") { rig.ctl("show", name).status == 0 }
            }
            #expect(rig.ctl("resume").status == 0)
            for name in ["low", "middle", "high"] { _ = try rig.result(name) }
            let order = try ["high", "middle", "low"].map { try #require(try rig.detail(of: $0).summary.started) }
            #expect(order == order.sorted())
        }

        /// Not even where he asks for the highest priority.
        @Test(.enabled(if: geteuid() == 0, "only root may give jobs to other users")) func othersJobs_areAnswered_whileOneUserHasLongOnes() throws {
            let rig = try Rig()
            try rig.start(workers: 2)
            func drop(_ name: String, queries: Int, priority: Int, uid: UInt32) throws {
                let job = try Self.job(rig, name, options: #"{"priority": \#(priority)}"#), file = job.appending(path: "job.json")
                let pictures = try FileManager.default.contentsOfDirectory(atPath: job.appending(path: "queries").path).sorted()
                let list = (0..<queries).map { #"{"id": "\#($0)", "image": "queries/\#(pictures[$0 % pictures.count])"}"# }.joined(separator: ", ")
                try Data(try String(contentsOf: file, encoding: .utf8).replacing(#""queries": "queries""#, with: #""queries": [\#(list)]"#).utf8).write(to: file)
                let building = rig.spool.appending(path: "tmp/\(name)")
                try FileManager.default.moveItem(at: job, to: building)
                for path in try FileManager.default.subpathsOfDirectory(atPath: building.path) + [""] { chown("\(building.path)/\(path)", uid, uid) }
                try rig.offer(building, as: name)
            }
            for name in ["long-1", "long-2"] { try drop(name, queries: 20_000, priority: 100, uid: 1000) }
            try rig.wait("both run") { try rig.status().jobs["running"] == 2 }
            try drop("short", queries: 2, priority: 0, uid: 1001)
            _ = try rig.result("short")
            for name in ["long-1", "long-2"] {
                #expect(try rig.detail(of: name).summary.answered < 15_000)
                #expect(rig.ctl("cancel", name).status == 0)
            }
        }

        @Test(.enabled(if: geteuid() == 0, "only root may give jobs to other users")) func user_isHeldToHisQuota_andRootIsNot() throws {
            let rig = try Rig(), sample = SampleJob.small
            try rig.start(settings: ["LCLD_QUOTA_JOBS": "1"])
            #expect(rig.ctl("pause").status == 0)
            func drop(_ name: String, uid: UInt32) throws {
                let building = rig.spool.appending(path: "tmp/\(name)")
                try FileManager.default.copyItem(at: sample.directory, to: building)
                chown(building.path, uid, uid)
                try rig.offer(building, as: name)
            }
            for (name, uid) in [("first", 1000), ("root-1", 0), ("root-2", 0)] as [(String, UInt32)] {
                try drop(name, uid: uid)
                try rig.wait("\(name) is queued") { rig.ctl("show", name).status == 0 }
            }
            try drop("second", uid: 1000)
            #expect(try rig.refusal("second") == "quota.exceeded")
            try drop("other", uid: 1001)
            try rig.wait("all but one are queued") { try rig.status().jobs["queued"] == 4 }
            // A job that is tried again counts like a new one, unless an administrator wants it.
            #expect(rig.ctl("cancel", "first").status == 0)
            try drop("third", uid: 1000)
            try rig.wait("third is queued") { rig.ctl("show", "third").status == 0 }
            let refused = rig.ctl(as: 1000, "retry", "first")
            #expect(refused.status == 5 && refused.error.contains("1 jobs at a time"), "\(refused.error)")
            #expect(rig.ctl("retry", "first").status == 0)
        }

        /// Else what ends the daemon would be the first thing that each start looks at.
        @Test func entry_isSetAside_whereTheDaemonEndedTooOftenWhileItTookItIn() async throws {
            let rig = try Rig(), sample = SampleJob.small
            try rig.start()
            try rig.end(SIGTERM)
            for id in ["fatal", "unlucky"] { try FileManager.default.copyItem(at: sample.directory, to: rig.spool.appending(path: "active/.claim-\(id)")) }
            do {
                let store = try JobStore(path: rig.root.appending(path: "state/lcld.db").path)
                try await store.remember("5", as: "taking fatal")
                try await store.remember("4", as: "taking unlucky")
            }
            try rig.start()
            #expect(try rig.refusal("fatal") == "job.unreadable")
            #expect(FileManager.default.fileExists(atPath: rig.spool.appending(path: "corrupt/fatal/original/queries").path))
            #expect(try rig.result("unlucky") == sample.answer(as: "unlucky"))
            try rig.wait("its row says so") { try rig.state(of: "fatal") == .failed }
        }

        @Test(arguments: [0, 12288] as [UInt64]) func damagedDatabase_isRebuilt_fromSpoolAndResults(offset: UInt64) throws {
            let rig = try Rig(), sample = SampleJob.small, database = rig.root.appending(path: "state/lcld.db")
            try rig.start()
            try rig.drop(sample.directory, as: "done")
            _ = try rig.result("done")
            try rig.wait("the row is final") { try rig.state(of: "done") == .done }
            #expect(rig.ctl("pause").status == 0)
            try rig.drop(sample.directory, as: "waiting")
            try rig.wait("it is queued") { try rig.status().jobs["queued"] == 1 }
            try rig.end(SIGTERM)
            // Without its log, which would mend the damage.
            for suffix in ["-wal", "-shm"] { unlink(database.path + suffix) }
            let file = try FileHandle(forWritingTo: database)
            try file.seek(toOffset: offset)
            try file.write(contentsOf: Data(repeating: 0xA5, count: 4096))
            try file.close()
            try rig.start()
            #expect(try rig.result("waiting") == sample.answer(as: "waiting"))
            let detail = try rig.detail(of: "done").summary
            #expect((detail.state, detail.answered) == (.done, sample.expected.count))
            #expect(rig.ctl("log").text.contains("rebuild"))
            let kept = try FileManager.default.contentsOfDirectory(atPath: rig.root.appending(path: "state").path)
            #expect(kept.contains { $0.hasPrefix("lcld.db.corrupt-") })
        }

        /// The full size is `make backlog`.
        @Test func backlog_isTakenAndAnswered_andStatusIsQuick() throws {
            let rig = try Rig(), count = 200
            try rig.start()
            #expect(rig.ctl("pause").status == 0)
            for i in 0..<count { try rig.drop(SampleJob.tiny.directory, as: "job-\(i)") }
            try rig.wait("all are queued") { try rig.status().jobs["queued"] == count }
            let start = ContinuousClock.now
            _ = try rig.status()
            #expect(ContinuousClock.now - start < .seconds(2))
            #expect(rig.ctl("resume").status == 0)
            try rig.wait("all are done", seconds: 60) { try rig.status().jobs["done"] == count }
            #expect(try rig.strays() == [])
        }
    }
}
