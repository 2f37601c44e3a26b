// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLModel
import TestModels
import TestPictures
import TestSchema
import Testing

extension EndToEnd {
    /// Jobs answered by a language model.
    @Suite struct Language {
        /// A copy of the small job that asks for `model`.
        private func job(_ rig: Rig, model: String, shots: Int = 2, orders: Int = 1) throws -> URL {
            let directory = rig.root.appending(path: "job-\(model)-\(shots)")
            try TestPictures.writeJob(at: directory, classes: 2, shots: shots, queries: 10, side: 48)
            let files = try FileManager.default.subpathsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".jpg") || $0.hasSuffix(".png") }
            var manifest = try Manifest.fromLayout(files: files).get()
            (manifest.model, manifest.method, manifest.options.orders) = (model, .mllm, orders)
            try CanonicalJSON.encode(manifest).write(to: directory.appending(path: "job.json"))
            return directory
        }

        private func classified(_ job: URL, _ rig: Rig, as id: String) -> Rig.Output {
            Rig.run("lcl", ["classify", job.path, "--id", id, "--models", rig.models!])
        }

        @Test func result_isTheSameBytes_forOneAndTwoWorkersAndNoDaemon() throws {
            for workers in [1, 2] {
                let rig = try Rig()
                rig.models = rig.root.appending(path: "models").path
                try TestModels.makeTiny(in: rig.root.appending(path: "models"))
                let card = try JSONValue(parsing: Data(contentsOf: rig.root.appending(path: "models/tiny/model.json")))
                #expect(try Schema(published: "model-1").accepts(card))
                let job = try job(rig, model: "tiny", orders: 2), reference = classified(job, rig, as: "spoken")
                #expect(reference.status == 0, "\(reference.error)")
                #expect(classified(job.appending(path: "job.json"), rig, as: "spoken").out == reference.out)
                try rig.start(workers: workers)
                try rig.drop(job, as: "spoken")
                let result = try rig.result("spoken")
                #expect(result == reference.out, "\(workers) workers")
                #expect(try Schema(published: "result-1").accepts(JSONValue(parsing: result)))
                #expect(try CanonicalJSON.decode(JobResult.self, from: result).method == .mllm)
            }
        }

        /// Files as people have them: private, and links into a cache of downloads.
        @Test func import_makesAModelThatEverybodyMayRead_ofLinksToPrivateFiles() throws {
            let root = URL(filePath: "/tmp/lcl-import-\(UUID().uuidString.prefix(8))"), tiny = root.appending(path: "tiny")
            defer { try? FileManager.default.removeItem(at: root) }
            try TestModels.makeTiny(in: root)
            for file in ["language.gguf", "vision.gguf"] {
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: tiny.appending(path: file).path)
                try FileManager.default.createSymbolicLink(atPath: root.appending(path: file).path, withDestinationPath: "tiny/\(file)")
            }
            let models = root.appending(path: "models")
            func make() -> Rig.Output {
                Rig.run("lcl", [
                    "model", "import", "mine", "--language", root.path + "/language.gguf", "--vision", root.path + "/vision.gguf", "--into", models.path, "--context", "600",
                ])
            }
            let first = make()
            #expect(first.status == 0, "\(first.error)")
            for file in ["language.gguf", "vision.gguf", "model.json"] {
                let attributes = try FileManager.default.attributesOfItem(atPath: models.appending(path: "mine/\(file)").path)
                #expect(attributes[.type] as? FileAttributeType == .typeRegular)
                #expect((attributes[.posixPermissions] as? Int).map { $0 & 0o444 } == 0o444, "\(file)")
            }
            #expect(Rig.run("lcl", ["model", "verify", "mine", "--models", models.path]).status == 0)
            let again = make()
            #expect(again.status != 0 && again.error.contains("already"))
            let plan = Rig.run("lcl", ["model", "plan", "mine", "--models", models.path, "--shots", "500"])
            #expect(String(decoding: plan.out, as: UTF8.self).contains("IT DOES NOT FIT"))
        }

        @Test func job_failsWithTheNumbers_whenItsSupportsDoNotFit() throws {
            let rig = try Rig()
            rig.models = rig.root.appending(path: "models").path
            try TestModels.makeTiny(in: rig.root.appending(path: "models"))
            let job = try job(rig, model: "tiny", shots: 12)
            let refused = classified(job, rig, as: "large")
            #expect(refused.status == 1 && refused.error.contains("support.too_large") && refused.error.contains("more than the model's 600"))
            try rig.start()
            try rig.drop(job, as: "large")
            #expect(try rig.refusal("large") == "support.too_large")
            #expect(try rig.strays() == [])
        }

        @Test(.enabled(if: ProcessInfo.processInfo.environment["LCL_SMOLLM2"] != nil))
        func realSmolLM2_answersAJob_behindAnUntrainedProjector() throws {
            let rig = try Rig(), models = rig.root.appending(path: "models")
            rig.models = models.path
            let encoder = try ModelDirectory.find("default"), file = try encoder.open(encoder.encoder().file)
            _ = try TestModels.makeUntrained(
                "smol", in: models, language: #require(ProcessInfo.processInfo.environment["LCL_SMOLLM2"]), encoder: file, width: 576)
            let job = try job(rig, model: "smol"), reference = classified(job, rig, as: "smol")
            #expect(reference.status == 0, "\(reference.error)")
            try rig.start(workers: 2)
            try rig.drop(job, as: "smol")
            #expect(try rig.result("smol") == reference.out)
        }
    }
}
