// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor
import Testing

final class GGUFShardsTests {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("lcl-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: directory) }

    private var first: String { directory.appendingPathComponent("tiny-00001-of-00002.gguf").path }

    /// The tiny Llama in two files.
    private func split(second number: UInt16 = 1, tensors: Int? = nil, repeating: Bool = false) throws {
        let file = try LanguageModelTests.open("llama").file
        for part in 0..<2 {
            var writer = GGUFWriter(architecture: "llama")
            if part == 0 { for (key, value) in file.metadata { writer.set(key, value) } }
            writer.set("split.no", .uint16(part == 0 ? 0 : number))
            writer.set("split.count", .uint16(2))
            writer.set("split.tensors.count", .int32(Int32(tensors ?? file.tensors.count)))
            for (i, tensor) in file.tensors.enumerated() where i % 2 == part || (repeating && i == 0) {
                writer.add(tensor: tensor.name, shape: tensor.shape, values: try file.floats(tensor: tensor.name, shape: tensor.shape), as: .f32)
            }
            try Data(writer.encoded()).write(to: directory.appendingPathComponent("tiny-0000\(part + 1)-of-00002.gguf"))
        }
    }

    @Test func model_isTheSame_inTwoFiles() throws {
        try split()
        let (whole, _, tokens) = try LanguageModelTests.open("llama")
        let model = try LanguageModel(GGUFShards(path: first))
        #expect(model.logProbabilities(tokens) == whole.logProbabilities(tokens))
    }

    @Test func mergedFile_isOne_thoughItSaysNone() throws {
        let file = try LanguageModelTests.open("llama").file
        var writer = GGUFWriter(architecture: "llama")
        for (key, value) in file.metadata { writer.set(key, value) }
        writer.set("split.count", .uint16(0))
        for tensor in file.tensors { writer.add(tensor: tensor.name, shape: tensor.shape, values: try file.floats(tensor: tensor.name, shape: tensor.shape), as: .f32) }
        let merged = directory.appendingPathComponent("merged.gguf")
        try Data(writer.encoded()).write(to: merged)
        #expect(try GGUFShards(path: merged.path).files.count == 1)
    }

    @Test func files_areRefused_whenOneIsMissing() throws {
        try split()
        try FileManager.default.removeItem(at: directory.appendingPathComponent("tiny-00002-of-00002.gguf"))
        let error = try #require(throws: ModelError.self) { try GGUFShards(path: first) }
        #expect(error.kind == .notFound && error.file.hasSuffix("00002-of-00002.gguf"))
    }

    @Test func files_areRefused_whenTheSecondIsNamed() throws {
        try split()
        let second = directory.appendingPathComponent("tiny-00002-of-00002.gguf").path
        let error = try #require(throws: ModelError.self) { try GGUFShards(path: second) }
        #expect(error.kind == .wrongContent && error.item == "split.no")
    }

    @Test func files_areRefused_whenTheyDoNotBelongTogether() throws {
        try split(second: 5)
        #expect(throws: ModelError.self) { try GGUFShards(path: first) }
        try split(tensors: 99)
        let count = try #require(throws: ModelError.self) { try GGUFShards(path: first) }
        #expect(count.item == "split.tensors.count")
        try split(repeating: true)
        let double = try #require(throws: ModelError.self) { try GGUFShards(path: first) }
        #expect(double.reason.contains("another part"))
    }
}
