// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl
import LCLJob
import LCLModel
import TestModels
import TestPictures
import TestSchema
import Testing

extension EndToEnd {
    /// A lab's own archive becomes a model, and later jobs ask it by name.
    @Suite struct Trainings {
        /// A daemon beside whose models lies a base that trains in a moment.
        private func rig() throws -> Rig {
            let rig = try Rig()
            try TestModels.makeSmallBase(in: rig.root.appending(path: "state/models"))
            return rig
        }

        private func model(_ rig: Rig, _ name: String = "beetles") -> URL { rig.root.appending(path: "state/models/\(name)") }

        private func link(_ rig: Rig, _ name: String = "beetles") throws -> Data { try Data(contentsOf: model(rig, name).appending(path: "link.gguf")) }

        /// A copy of the sample job that asks the model `name`.
        private func question(_ rig: Rig, _ name: String = "beetles") throws -> URL {
            let home = rig.root.appending(path: "ask-\(name)-\(UUID().uuidString.prefix(4))")
            try FileManager.default.copyItem(at: SampleJob.small.directory, to: home)
            let labels = try FileManager.default.contentsOfDirectory(atPath: home.appending(path: "support").path).sorted().map { label in
                Manifest.Label(name: label, support: try FileManager.default.contentsOfDirectory(atPath: home.appending(path: "support/\(label)").path).sorted().map { "support/\(label)/\($0)" })
            }
            try CanonicalJSON.encode(Manifest(model: name, labels: labels, queries: .pattern("queries"))).write(to: home.appending(path: "job.json"))
            return home
        }

        /// The result of a training, which takes its time on a busy machine.
        private func trained(_ rig: Rig, _ id: String) throws -> Data {
            try rig.wait("\(id) has learned", seconds: 300) {
                ["done/\(id)/result.json", "failed/\(id)/error.json"].contains { FileManager.default.fileExists(atPath: rig.spool.appending(path: $0).path) }
            }
            return try rig.result(id)
        }

        private func give(_ directory: URL, to uid: UInt32) throws {
            let paths = try [directory.path] + FileManager.default.subpathsOfDirectory(atPath: directory.path).map { directory.path + "/" + $0 }
            for path in paths { #expect(chown(path, uid, uid) == 0) }
        }

        @Test func model_isTrained_shown_andUsedByName() throws {
            let rig = try rig()
            try rig.start()
            let sample = SampleTraining.closed.directory
            #expect(rig.ctl("validate", sample.path).status == 0)
            #expect(Rig.run("lcl", ["classify", sample.path]).error.contains("lcl train"))
            let spoiled = rig.root.appending(path: "school")
            try FileManager.default.copyItem(at: sample, to: spoiled)
            let label = try FileManager.default.contentsOfDirectory(atPath: spoiled.appending(path: "archive").path).sorted()[2]
            try Data("no picture".utf8).write(to: spoiled.appending(path: "archive/\(label)/0.jpg"))
            #expect(rig.ctl("submit", spoiled.path, "--wait", "--name", "school").status == 0)
            let id = try #require(FileManager.default.contentsOfDirectory(atPath: rig.spool.appending(path: "done").path).first)
            let bytes = try rig.result(id), result = try CanonicalJSON.decode(TrainingResult.self, from: bytes)
            #expect(try Schema(published: "training-1").accepts(JSONValue(parsing: bytes)))
            #expect((result.counts.labels, result.counts.pictures, result.counts.used, result.counts.failed) == (15, 90, 89, 1))
            #expect(result.skipped.map(\.image) == ["archive/\(label)/0.jpg"] && result.skipped[0].error.code == .imageUnsupported && result.skipped[0].label == label)
            #expect(result.validation.accuracy > 0.3 && result.validation.baseAccuracy == nil)
            let made = try ModelDirectory(path: model(rig).path)
            #expect((made.identity, made.card.trained?.owner) == (result.model.sha256, geteuid()))
            try made.verify()
            #expect(try rig.detail(of: id).training?.name == "beetles")
            #expect(rig.ctl("show", id).text.contains("the model beetles, by lda"))
            #expect(rig.ctl("results", id).text.contains("accuracy on labels held out"))
            #expect(rig.ctl("results", id, "--csv").status != 0)
            #expect(try rig.status().models.contains("beetles"))
            let listed = Rig.run("lcl", ["model", "list", "--models", rig.root.appending(path: "state/models").path]).text
            #expect(listed.contains("beetles") && listed.contains("trained by job \(id)"))
            try rig.drop(question(rig), as: "ask")
            let answers = try CanonicalJSON.decode(JobResult.self, from: rig.result("ask"))
            #expect((answers.model.name, answers.model.sha256, answers.method) == ("beetles", made.identity, .metric))
            #expect(answers.counts.answered + answers.counts.unknown == 6)
            #expect(try rig.strays() == [])
            #expect(try FileManager.default.contentsOfDirectory(atPath: rig.spool.appending(path: "done/\(id)").path).sorted() == ["intake.json", "job.json", "result.json", "timings.json"])
        }

        @Test func modelTrainedAgain_takesTheOldOnesPlace_atOnceForTheNextJob() throws {
            let rig = try rig()
            try rig.start()
            try rig.drop(SampleTraining.closed.directory, as: "first")
            _ = try trained(rig, "first")
            try rig.drop(question(rig), as: "ask-1")
            let before = try CanonicalJSON.decode(JobResult.self, from: rig.result("ask-1")).model.sha256
            try rig.drop(SampleTraining.gradient.directory, as: "second")
            _ = try trained(rig, "second")
            try rig.drop(question(rig), as: "ask-2")
            let after = try CanonicalJSON.decode(JobResult.self, from: rig.result("ask-2")).model.sha256
            #expect(before != after)
            #expect(try ModelDirectory(path: model(rig).path).identity == after)
            #expect(try FileManager.default.contentsOfDirectory(atPath: rig.root.appending(path: "state/models").path).sorted() == ["beetles", "small"])
        }

        @Test(arguments: ["after-features", "after-checkpoint", "after-entry", "after-model", "before-publish", "after-publish-rename"])
        func sameModel_isMade_whenTheDaemonIsKilled(at fault: String) throws {
            let rig = try rig(), expected = try SampleTraining.undisturbed()
            try rig.start()
            try rig.end(SIGTERM)
            try rig.start(fault: fault)
            try rig.drop(SampleTraining.gradient.directory, as: "school")
            try rig.waitForEnd(seconds: 300)
            #expect(rig.daemon?.terminationReason == .uncaughtSignal)
            try rig.start()
            #expect(try trained(rig, "school") == expected.result)
            #expect(try link(rig) == expected.link)
            try rig.wait("the row is final") { try rig.state(of: "school") == .done }
            #expect(try rig.strays() == [])
            #expect(try FileManager.default.contentsOfDirectory(atPath: rig.root.appending(path: "state/models").path).sorted() == ["beetles", "small"])
        }

        @Test func sameModel_isMade_whenWorkersAndTheDaemonAreKilledAnywhere() throws {
            let rig = try rig(), expected = try SampleTraining.undisturbed()
            try rig.start(settings: ["LCLD_WORKERS_ATTEMPTS": "50"])
            try rig.drop(SampleTraining.gradient.directory, as: "school")
            let folder = rig.spool.appending(path: "active/school/training")
            for round in 1...4 {
                // Further each time: features at first, then one more entry of the journal.
                try rig.wait("round \(round)", seconds: 300) {
                    let kept = (try? FileManager.default.contentsOfDirectory(atPath: folder.path).count) ?? 0
                    return kept >= round || FileManager.default.fileExists(atPath: rig.spool.appending(path: "done/school").path)
                }
                if round % 2 == 1 {
                    if let busy = try rig.status().workers.first(where: { $0.state == .busy }) { kill(busy.pid, SIGKILL) }
                } else {
                    try rig.end(round == 2 ? SIGKILL : SIGTERM)
                    try rig.start(settings: ["LCLD_WORKERS_ATTEMPTS": "50"])
                }
            }
            #expect(try trained(rig, "school") == expected.result)
            #expect(try link(rig) == expected.link)
        }

        @Test func training_outlivesMoreDeathsThanItHasAttempts_whereEachLifeKeptSomething() throws {
            let rig = try rig(), settings = ["LCLD_WORKERS_ATTEMPTS": "2"]
            try rig.start()
            try rig.end(SIGTERM)
            try rig.drop(SampleTraining.gradient.directory, as: "school")
            for _ in 1...3 {
                try rig.start(fault: "after-entry", settings: settings)
                try rig.waitForEnd(seconds: 300)
                #expect(rig.daemon?.terminationReason == .uncaughtSignal)
            }
            try rig.start(settings: settings)
            #expect(try trained(rig, "school") == SampleTraining.undisturbed().result)
        }

        @Test func otherJobs_areAnswered_whileOneWorkerLearns() throws {
            let rig = try rig()
            try rig.start()
            let long = rig.root.appending(path: "long")
            try TestPictures.writeTraining(at: long, training: #","strategy":"2way","epochs":1000"#, model: "default")
            try rig.drop(long, as: "school")
            let folder = rig.spool.appending(path: "active/school/training")
            try rig.wait("it learns", seconds: 300) { (try? FileManager.default.contentsOfDirectory(atPath: folder.path).count) ?? 0 > 1 }
            for name in ["a", "b", "c"] { try rig.drop(SampleJob.small.directory, as: name) }
            for name in ["a", "b", "c"] { #expect(try rig.result(name) == SampleJob.small.answer(as: name)) }
            #expect(try rig.state(of: "school") == .running)
            #expect(rig.ctl("pause").status == 0)
            try rig.wait("it is put back") { try rig.state(of: "school") == .queued }
            #expect(rig.ctl("cancel", "school").status == 0)
            #expect(try rig.refusal("school") == "job.cancelled")
            #expect(!FileManager.default.fileExists(atPath: model(rig).path))
        }

        @Test(.enabled(if: geteuid() == 0, "only root may give jobs to other users")) func model_isItsOwnersAlone() throws {
            let rig = try rig()
            try rig.start()
            func drop(_ source: URL, as name: String, of uid: UInt32) throws {
                let building = rig.spool.appending(path: "tmp/\(name)")
                try FileManager.default.copyItem(at: source, to: building)
                try give(building, to: uid)
                try rig.offer(building, as: name)
            }
            try drop(SampleTraining.closed.directory, as: "school", of: 40_001)
            _ = try trained(rig, "school")
            let made = try link(rig)
            try drop(question(rig), as: "theirs", of: 40_002)
            #expect(try rig.refusal("theirs") == "model.unknown")
            try drop(SampleTraining.gradient.directory, as: "thief", of: 40_002)
            #expect(try rig.refusal("thief") == "training.taken")
            #expect(try link(rig) == made)
            try drop(question(rig), as: "own", of: 40_001)
            #expect(try CanonicalJSON.decode(JobResult.self, from: rig.result("own")).model.name == "beetles")
            // Not even the file: its directory is closed to others.
            let mode = try #require(FileManager.default.attributesOfItem(atPath: model(rig).path)[.posixPermissions] as? Int)
            #expect(mode & 0o007 == 0)
        }

        @Test func mistakes_areRefused_withTheirCodes() throws {
            let rig = try rig()
            try rig.start()
            for (number, (name, training, code)) in [
                ("default", "", "training.taken"), ("small", "", "training.taken"), ("x", #","strategy":"magic""#, "training.strategy"), ("../x", "", "manifest.field"),
            ].enumerated() {
                let home = rig.root.appending(path: "bad-\(number)")
                try TestPictures.writeTraining(at: home, labels: 10, pictures: 5, side: 16, name: name, training: training)
                try rig.drop(home, as: "bad-\(number)")
                #expect(try rig.refusal("bad-\(number)") == code)
            }
            let few = rig.root.appending(path: "few")
            try TestPictures.writeTraining(at: few, labels: 9, pictures: 5, side: 16)
            #expect(rig.ctl("validate", few.path).text.contains("training.too_few"))
            try rig.drop(few, as: "few")
            #expect(try rig.refusal("few") == "training.too_few")
        }
    }
}

/// Trainings drawn once for all tests.
struct SampleTraining: Sendable {
    let directory: URL

    static let closed = SampleTraining("closed", "")
    static let gradient = SampleTraining("gradient", #","strategy":"2way","epochs":2"#)

    private init(_ name: String, _ training: String) {
        directory = ProcessFiles.path("e2e-train-\(name)")
        try! TestPictures.writeTraining(at: directory, training: training)
    }

    /// What comes of ``gradient``, as the job `school` of a daemon that nobody disturbs.
    static func undisturbed() throws -> (link: Data, result: Data) { try outcome.get() }

    private static let outcome = Result {
        let rig = try Rig()
        try TestModels.makeSmallBase(in: rig.root.appending(path: "state/models"))
        try rig.start(workers: 2)
        try rig.drop(gradient.directory, as: "school")
        try rig.wait("it has learned", seconds: 300) { FileManager.default.fileExists(atPath: rig.spool.appending(path: "done/school/result.json").path) }
        let result = try rig.result("school")
        return (link: try Data(contentsOf: rig.root.appending(path: "state/models/beetles/link.gguf")), result: result)
    }
}
