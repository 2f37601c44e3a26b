// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl
import LCLJob
import TestModels
import TestPictures
import Testing

extension EndToEnd {
    /// A model's files may be replaced, cut short or removed under a daemon at work.
    @Suite struct Models {
        private static let standard = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../var/lib/lcld/models/default").standardizedFileURL

        @Test(arguments: ["encoder.gguf", "link.gguf", "model.json"])
        func daemon_livesAndJobsGoOn_whenAModelFileIsCutShort(file: String) throws {
            let rig = try Rig(), sample = SampleJob.small, model = rig.root.appending(path: "models/default")
            try FileManager.default.createDirectory(at: model.deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.copyItem(at: Self.standard, to: model)
            let path = model.appending(path: file).path
            try rig.start(settings: ["LCLD_MODELS": model.deletingLastPathComponent().path])
            try rig.drop(sample.directory, as: "before")
            #expect(try rig.result("before") == sample.answer(as: "before"))
            #expect(truncate(path, 100) == 0)
            // A worker that comes up now finds the damage; the one that has the model loaded may still answer.
            for worker in try rig.status().workers { kill(worker.pid, SIGKILL) }
            try rig.drop(sample.directory, as: "during")
            #expect(["model.damaged", "model.unknown"].contains(try rig.refusal("during")))
            #expect(rig.daemon?.isRunning == true)
            try Data(contentsOf: Self.standard.appending(path: file)).write(to: URL(filePath: path), options: .atomic)
            #expect(rig.ctl("retry", "during").status == 0)
            #expect(try rig.result("during") == sample.answer(as: "during"))
        }

        /// A language model's weights stay in the file, so that a worker at work meets what is done to it.
        @Test(arguments: ["cut short", "written over"])
        func noPictureIsBlamed_whenALanguageModelIsSpoiledUnderAWorker(how: String) throws {
            let rig = try Rig()
            rig.models = rig.root.appending(path: "models").path
            try TestModels.makeTiny(in: rig.root.appending(path: "models"))
            let file = rig.root.appending(path: "models/tiny/language.gguf"), whole = try Data(contentsOf: file)
            let job = rig.root.appending(path: "job")
            try TestPictures.writeJob(at: job, classes: 2, shots: 2, queries: 20, side: 48)
            let pictures = try FileManager.default.subpathsOfDirectory(atPath: job.path).filter { $0.hasSuffix(".jpg") || $0.hasSuffix(".png") }
            var manifest = try Manifest.fromLayout(files: pictures).get()
            (manifest.model, manifest.method) = ("tiny", .mllm)
            // The same pictures over and over: enough for the worker to be found at them.
            guard case .list(let queries) = manifest.queries else { preconditionFailure("a layout lists its queries") }
            manifest.queries = .list((0..<4000).map { .init(id: "q\($0)", image: queries[$0 % queries.count].image) })
            try CanonicalJSON.encode(manifest).write(to: job.appending(path: "job.json"))
            let reference = Rig.run("lcl", ["classify", job.path, "--id", "during", "--models", rig.models!])
            try rig.start()
            try rig.drop(job, as: "during")
            var worker: Int32 = 0
            try rig.wait("the worker is at its queries") {
                guard let job = try? rig.detail(of: "during"), job.summary.answered > 0, let busy = try rig.status().workers.first(where: { $0.state == .busy }) else { return false }
                worker = busy.pid
                return true
            }
            #expect(kill(worker, SIGSTOP) == 0)
            #expect(try rig.state(of: "during") == .running)
            if how == "cut short" {
                #expect(truncate(file.path, 100) == 0)
            } else {
                let handle = try FileHandle(forWritingTo: file)
                try handle.write(contentsOf: Data(repeating: 0x7F, count: whole.count))
            }
            #expect(kill(worker, SIGCONT) == 0)
            #expect(try rig.refusal("during") == "model.damaged")
            // Between two slices it finds the damage as it loads the model anew, and does not die.
            #expect(rig.logText.contains("a file of its model was changed or cut short under worker \(worker)") || !rig.logText.contains("worker ended"))
            try whole.write(to: file, options: .atomic)
            #expect(rig.ctl("retry", "during").status == 0)
            #expect(try rig.result("during") == reference.out)
        }
    }
}
