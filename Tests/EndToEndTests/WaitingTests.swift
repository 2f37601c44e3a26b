// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl
import LCLJob
import TestPictures
import Testing

extension EndToEnd {
    /// What the machine lacks is waited for, visibly, and costs no job.
    @Suite struct Waiting {
        private static let marks = ["LCLD_DISK_LOW": "8", "LCLD_DISK_RESUME": "16", "LCLD_DISK_INODES": "0"]

        @Test(.enabled(if: SmallDisk.isPermitted, "only root may mount")) func jobs_wait_belowTheLowMark_andGoOnByThemselves() throws {
            let rig = try Rig(), sample = SampleJob.small
            let disk = try SmallDisk(at: rig.spool.path, mebibytes: 64)
            try rig.start(settings: Self.marks)
            #expect(rig.ctl("pause").status == 0)
            try rig.drop(sample.directory, as: "queued")
            try rig.wait("it is queued") { try rig.status().jobs["queued"] == 1 }
            disk.fill(leaving: 4 << 10)
            try rig.wait("the daemon says that it waits") { try rig.status().waiting.contains { $0.reason == .disk } }
            #expect(rig.ctl("resume").status == 0)
            try rig.drop(sample.directory, as: "offered")
            #expect(try rig.detail(of: "queued").summary.waiting?.reason == .disk)
            #expect(rig.ctl("list").text.contains("waiting: disk"))
            #expect(rig.ctl("show", "queued").text.contains("work goes on from 16"))
            #expect(rig.ctl("status").text.contains("make room"))
            #expect(try rig.state(of: "queued") == .queued)
            #expect(FileManager.default.fileExists(atPath: rig.spool.appending(path: "incoming/offered").path))
            disk.empty()
            for id in ["queued", "offered"] { #expect(try rig.result(id) == sample.answer(as: id)) }
            #expect(try rig.status().waiting == [])
            let log = rig.ctl("log").text
            #expect(log.contains("wait: disk") && log.contains("resume: disk"))
            try rig.end(SIGTERM)
        }

        /// No mark warns: the writes themselves fail.
        @Test(.enabled(if: SmallDisk.isPermitted, "only root may mount")) func jobs_survive_aFullDisk() throws {
            let rig = try Rig(), sample = SampleJob.large
            let disk = try SmallDisk(at: rig.root.path + "/small", mebibytes: 32)
            let noMarks = ["LCLD_DISK_LOW": "0", "LCLD_DISK_RESUME": "0", "LCLD_DISK_INODES": "0"]
            try FileManager.default.createSymbolicLink(atPath: rig.spool.path, withDestinationPath: disk.path + "/spool")
            try rig.start(spool: disk.path + "/spool", state: disk.path + "/state", settings: noMarks)
            try rig.drop(sample.directory, as: "job")
            try rig.wait("it runs") { try rig.status().answered > 0 }
            disk.fill(leaving: 0)
            try rig.wait("the daemon says that it waits") { try rig.status().waiting.contains { $0.reason == .disk } }
            disk.empty()
            #expect(try rig.result("job") == sample.answer(as: "job"))
            try rig.wait("the row is final") { try rig.state(of: "job") == .done }
            #expect(try rig.strays() == [])
            try rig.end(SIGTERM)
        }

        @Test func noPictureIsBlamed_whenTheDaemonRunsOutOfFilesForAWhile() throws {
            let rig = try Rig(), sample = SampleJob.large
            try rig.start(workers: 2)
            try rig.drop(sample.directory, as: "job")
            try rig.wait("it runs") { try rig.status().answered > 0 }
            let daemon = rig.daemon!.processIdentifier
            // Soft limits, by prlimit(1): with 3 no file can be opened any more.
            func limitFiles(to count: Int) throws {
                let prlimit = try Process.run(URL(filePath: "/usr/bin/prlimit"), arguments: ["--pid", "\(daemon)", "--nofile=\(count):"])
                prlimit.waitUntilExit()
                #expect(prlimit.terminationStatus == 0)
            }
            try limitFiles(to: 3)
            usleep(3_000_000)
            #expect(!FileManager.default.fileExists(atPath: rig.spool.appending(path: "done/job").path))
            try limitFiles(to: 1024)
            #expect(try rig.result("job") == sample.answer(as: "job"))
            try rig.end(SIGTERM)
        }

        @Test(arguments: [("worker-killed", "signal 9"), ("worker-aborts", "signal 6"), ("worker-exhausted", "limit of memory")])
        func job_isDead_afterThreeDeathsOfItsWorkers(fault: String, evidence: String) throws {
            let rig = try Rig(), sample = SampleJob.small
            try rig.start(workers: 2, fault: fault, settings: ["LCLD_WORKERS_MEMORY": "400"])
            try rig.drop(sample.directory, as: "job")
            #expect(try rig.refusal("job") == "job.attempts_exhausted")
            try rig.wait("the row is final") { try rig.state(of: "job") == .dead }
            let detail = try rig.detail(of: "job")
            #expect(detail.attempts == 3)
            #expect(detail.summary.failure?.message.contains(evidence) == true, "\(detail.summary.failure?.message ?? "-")")
            #expect(try rig.status().waiting.contains { $0.reason == .memory } == (fault != "worker-aborts"))
            try rig.end(SIGTERM)
            try rig.start()
            #expect(rig.ctl("retry", "job").status == 0)
            #expect(try rig.result("job") == sample.answer(as: "job"))
        }
    }
}
