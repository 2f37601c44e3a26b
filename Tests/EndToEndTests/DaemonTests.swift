// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl
import LCLJob
import TestPictures
import TestSchema
import Testing

extension EndToEnd {
    @Suite struct Answers {
        @Test func allThreeForms_areAnsweredRight() throws {
            let rig = try Rig(), sample = SampleJob.small
            try rig.start(workers: 2, folders: sample.directory.path)
            let labels = try FileManager.default.contentsOfDirectory(atPath: sample.directory.appending(path: "support").path).sorted()
            func manifest(_ prefix: String) throws -> Manifest {
                try Manifest(
                    labels: labels.map { label in
                        let folder = sample.directory.appending(path: "support/\(label)").path
                        return .init(name: label, support: try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { "\(prefix)support/\(label)/\($0)" })
                    },
                    queries: .list(sample.expected.sorted { $0.key < $1.key }.map { .init(id: $0.key, image: prefix + $0.key, expected: $0.value) }))
            }
            try rig.drop(sample.directory, as: "layout")
            let described = rig.root.appending(path: "described")
            try FileManager.default.copyItem(at: sample.directory, to: described)
            try CanonicalJSON.encode(manifest("")).write(to: described.appending(path: "job.json"))
            try rig.drop(described, as: "described")
            let bare = rig.root.appending(path: "bare.json")
            try CanonicalJSON.encode(manifest(sample.directory.path + "/")).write(to: bare)
            try rig.drop(bare, as: "bare.json")
            let job = try Schema(published: "job-1"), schema = try Schema(published: "result-1")
            #expect(try job.accepts(JSONValue(parsing: Data(contentsOf: described.appending(path: "job.json")))))
            for id in ["layout", "described", "bare"] {
                #expect(try schema.accepts(JSONValue(parsing: rig.result(id))), "\(id) keeps to the published schema")
                let result = try CanonicalJSON.decode(JobResult.self, from: rig.result(id))
                #expect(result.queries.count == sample.expected.count)
                for verdict in result.queries { #expect(verdict.answer?.label == sample.expected[verdict.id], "\(id) \(verdict.id)") }
            }
            let evaluation = try CanonicalJSON.decode(JobResult.self, from: rig.result("described")).evaluation
            #expect(evaluation?.accuracy == 1)
            #expect(try rig.strays() == [])
        }

        @Test func result_isTheSameBytes_forOneAndTwoWorkersAndNoDaemon() throws {
            let sample = SampleJob.large, reference = sample.answer(as: "same")
            #expect(reference.count > 1000)
            for workers in [1, 2] {
                let rig = try Rig()
                try rig.start(workers: workers)
                try rig.drop(sample.directory, as: "same")
                #expect(try rig.result("same") == reference, "\(workers) workers")
                func shown(_ form: String) -> Data { Rig.run("lcl", ["classify", sample.directory.path, "--id", "same", "--format", form]).out }
                #expect(shown("table") == rig.ctl("results", "same").out && shown("csv") == rig.ctl("results", "same", "--csv").out)
            }
            #expect(Rig.run("lcl", ["classify", sample.directory.path, "--id", "same", "--threads", "1"]).out == reference)
        }
    }

    @Suite struct Crashes {
        @Test(arguments: ["after-snapshot", "after-insert", "after-checkpoint", "before-publish", "after-publish-rename"])
        func oneRightResult_isPublished_whenTheDaemonIsKilled(at fault: String) throws {
            // The last answers of a job are published without a checkpoint: it takes more than one batch to see one.
            let rig = try Rig(), sample = fault == "after-checkpoint" ? SampleJob.large : SampleJob.small
            try rig.start()
            try rig.end(SIGTERM)
            try rig.start(fault: fault)
            try rig.drop(sample.directory, as: "job")
            try rig.waitForEnd()
            #expect(rig.daemon?.terminationReason == .uncaughtSignal)
            try rig.start()
            #expect(try rig.result("job") == sample.answer(as: "job"))
            try rig.wait("the row is final") { try rig.state(of: "job") == .done }
            #expect(try rig.strays() == [])
            #expect(try FileManager.default.contentsOfDirectory(atPath: rig.spool.appending(path: "done").path) == ["job"])
        }

        /// Each of these takes several steps; together they could take a job's directory from under its run.
        @Test func job_endsOnce_whateverIsAskedOfItAtOnce() throws {
            let rig = try Rig(), sample = SampleJob.small, lclctl = Rig.programs.appending(path: "lclctl").path
            try rig.start()
            for round in 0..<8 {
                let id = "job-\(round)"
                #expect(rig.ctl("pause").status == 0)
                try rig.drop(sample.directory, as: id)
                try rig.wait("it is taken in") { rig.ctl("show", id).status == 0 }
                #expect(rig.ctl("hold", id).status == 0 && rig.ctl("resume").status == 0)
                let asked = "printf '%s\\n' cancel release hold cancel release retry | xargs -P 6 -I ACTION \"$0\" ACTION \(id)"
                _ = Rig.run("/bin/sh", ["-c", asked, lclctl], environment: ["LCLD_SOCKET": rig.socket])
                if try rig.state(of: id) == .held { _ = rig.ctl("release", id) }
                try rig.wait("it is over") { try rig.state(of: id).isFinal }
                let state = try rig.state(of: id), isDone = FileManager.default.fileExists(atPath: rig.spool.appending(path: "done/\(id)").path)
                #expect(state == .done && isDone || state == .cancelled && !isDone)
                if state == .cancelled { #expect(rig.ctl("retry", id).status == 0) }
                #expect(try rig.result(id) == sample.answer(as: id))
            }
            #expect(rig.daemon?.isRunning == true)
            try rig.wait("nothing is left") { try rig.strays() == [] }
        }

        @Test func claimedJob_isTaken_whenTheDaemonIsKilledBeforeItsSnapshot() throws {
            let rig = try Rig(), sample = SampleJob.small
            try rig.start()
            try rig.end(SIGKILL)
            // States S2 and S3, as a crash leaves them: a claim, and half a snapshot.
            try FileManager.default.copyItem(at: sample.directory, to: rig.spool.appending(path: "active/.claim-job"))
            try FileManager.default.createDirectory(at: rig.spool.appending(path: "active/.snapshot-job"), withIntermediateDirectories: true)
            try rig.start()
            #expect(try rig.result("job") == sample.answer(as: "job"))
            try rig.wait("nothing is left") { try rig.strays() == [] }
        }

        @Test func job_isAnsweredWhole_whenItsWorkerIsKilled() throws {
            let rig = try Rig(), sample = SampleJob.large
            try rig.start(workers: 2)
            try rig.drop(sample.directory, as: "job")
            try rig.wait("a worker is busy") {
                guard let busy = try rig.status().workers.first(where: { $0.state == .busy }) else { return false }
                return kill(busy.pid, SIGKILL) == 0
            }
            #expect(try rig.result("job") == sample.answer(as: "job"))
            #expect(rig.logText.contains("worker ended"))
        }

        @Test func checkpoints_areKept_whenTheDaemonIsTerminated() throws {
            let rig = try Rig(), sample = SampleJob.large
            try rig.start()
            try rig.drop(sample.directory, as: "job")
            try rig.wait("some queries are answered") { try rig.status().answered > 0 }
            #expect(try rig.end(SIGTERM) < 20)
            #expect(rig.daemon?.terminationStatus == 0)
            try rig.start()
            #expect(try rig.result("job") == sample.answer(as: "job"))
            #expect(try rig.status().answered < sample.expected.count)
        }
    }

    @Suite struct Control {
        @Test func secondDaemon_isRefused_onTheSameSpool() throws {
            let rig = try Rig()
            try rig.start()
            let second = try rig.launch()
            second.waitUntilExit()
            #expect(second.terminationStatus == 1)
            #expect(rig.logText.contains("in use by another lcld (process \(rig.daemon!.processIdentifier))"))
            #expect(rig.ctl("status").status == 0)
        }

        @Test func jobs_obeyTheirUser() throws {
            let rig = try Rig(), sample = SampleJob.small
            try rig.start()
            #expect(rig.ctl("pause").status == 0)
            for name in ["a", "b", "c"] { try rig.drop(sample.directory, as: name) }
            try rig.wait("three jobs wait") { try rig.status().jobs["queued"] == 3 }
            #expect(rig.ctl("priority", "c", "50").status == 0)
            #expect(rig.ctl("hold", "a").status == 0)
            #expect(rig.ctl("cancel", "b").status == 0)
            #expect(try rig.refusal("b") == "job.cancelled")
            #expect(rig.ctl("resume").status == 0)
            _ = try rig.result("c")
            #expect(try rig.state(of: "a") == .held)
            #expect(try rig.state(of: "b") == .cancelled)
            #expect(rig.ctl("release", "a").status == 0)
            _ = try rig.result("a")
            #expect(rig.ctl("retry", "b").status == 0)
            #expect(try rig.result("b") == sample.answer(as: "b"))
            #expect(rig.ctl("cancel", "c").status != 0)
        }

        @Test func runningJob_isHeldAndCancelled_andLeavesNothing() throws {
            let rig = try Rig(), sample = SampleJob.large
            try rig.start()
            try rig.drop(sample.directory, as: "job")
            try rig.wait("it runs") { try rig.status().answered > 0 }
            #expect(rig.ctl("hold", "job").status == 0)
            #expect(try rig.state(of: "job") == .held)
            #expect(rig.ctl("cancel", "job").status == 0)
            #expect(try rig.refusal("job") == "job.cancelled")
            #expect(try rig.strays() == [])
        }
    }
}

/// One after the other: each has a daemon and its workers.
@Suite(.serialized) enum EndToEnd {}
