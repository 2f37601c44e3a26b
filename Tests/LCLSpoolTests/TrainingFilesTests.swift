// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob
import LCLSpool
import Testing

/// `active/ID/training/`, and directories that appear whole.
struct TrainingFilesTests {
    private static let id = JobID("job")!

    private func scratch() throws -> Scratch {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.spool.directory(.active, Self.id), withIntermediateDirectories: true)
        return scratch
    }

    @Test func rows_lieAtTheirPlaces_inWhateverOrderTheyCome() throws {
        let scratch = try scratch(), spool = scratch.spool
        #expect(try !spool.hasFeatures(Self.id))
        try spool.keepRows([2: Data([5, 6]), 0: Data([1, 2])], of: Self.id)
        try spool.keepRows([1: Data([3, 4])], of: Self.id)
        try spool.keepRows([:], of: Self.id)
        #expect(try spool.hasFeatures(Self.id))
        let path = spool.trainingDirectory(Self.id) + "/features"
        #expect(FileManager.default.contents(atPath: path) == Data([1, 2, 3, 4, 5, 6]))
    }

    @Test func entry_isReplacedWhole_andGoesWithTheTraining() throws {
        let scratch = try scratch(), spool = scratch.spool, path = spool.trainingDirectory(Self.id) + "/state.gguf"
        try spool.keep(Data("first".utf8), as: JobID("state.gguf")!, of: Self.id)
        try spool.keep(Data("2nd".utf8), as: JobID("state.gguf")!, of: Self.id)
        #expect(FileManager.default.contents(atPath: path) == Data("2nd".utf8))
        try spool.forgetTraining(Self.id)
        try spool.forgetTraining(Self.id)
        #expect(access(spool.trainingDirectory(Self.id), F_OK) != 0)
    }

    @Test func directory_takesTheNameWhole_inPlaceOfAnother() throws {
        let scratch = try Scratch(), path = scratch.home + "/models/beetles", original = scratch.home + "/encoder"
        try scratch.write("encoder", to: original)
        try FileManager.default.createDirectory(atPath: scratch.home + "/models", withIntermediateDirectories: true)
        try DurableDirectory.put(["link.gguf": .bytes(Data("one".utf8)), "encoder.gguf": .file(original)], at: path, for: .everybody)
        #expect(try String(contentsOfFile: path + "/encoder.gguf", encoding: .utf8) == "encoder")
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o755)
        try DurableDirectory.put(["link.gguf": .bytes(Data("two".utf8))], at: path, for: .user(geteuid()))
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["link.gguf"])
        #expect(try String(contentsOfFile: path + "/link.gguf", encoding: .utf8) == "two")
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o700)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.home + "/models") == ["beetles"])
    }

    @Test func directory_staysAsItWas_whereTheNewOneCannotBeBuilt() throws {
        let scratch = try Scratch(), models = scratch.home + "/models", path = models + "/beetles"
        try scratch.write("old", to: path + "/link.gguf")
        #expect(throws: SpoolError.self) {
            try DurableDirectory.put(["link.gguf": .bytes(Data("new".utf8)), "encoder.gguf": .file(scratch.home + "/nothing")], at: path, for: .everybody)
        }
        #expect(try String(contentsOfFile: path + "/link.gguf", encoding: .utf8) == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: models) == ["beetles"])
        // What a crash leaves is swept.
        try scratch.write("half", to: models + "/.new-beetles/link.gguf")
        try DurableDirectory.sweep(models)
        #expect(try FileManager.default.contentsOfDirectory(atPath: models) == ["beetles"])
    }
}
