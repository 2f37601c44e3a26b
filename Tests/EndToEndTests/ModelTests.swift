// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl
import LCLJob
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
            #expect(["internal", "model.unknown"].contains(try rig.refusal("during")))
            #expect(rig.daemon?.isRunning == true)
            try Data(contentsOf: Self.standard.appending(path: file)).write(to: URL(filePath: path), options: .atomic)
            #expect(rig.ctl("retry", "during").status == 0)
            #expect(try rig.result("during") == sample.answer(as: "during"))
        }
    }
}
