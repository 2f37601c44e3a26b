// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor
import Testing

/// An `mmproj` with the default model's encoder. Goldens: Tests/Reference/projected_lite0_goldens.py, with PyTorch in fp32.
struct ProjectedLite0Tests {
    static let side = SyntheticPictures.pixels.count / 3
    static let squares = (0..<3).map { Array(SyntheticPictures.pixels[$0 * side..<($0 + 1) * side]) }

    @Test(arguments: ["plain", "space"]) func embeddings_equalPyTorch(_ kind: String) throws {
        let (file, expected) = try Self.make(kind), model = try VisionModel(file)
        #expect(model.positions == 2 && model.width == 16)
        for (index, rows) in model.embeddings(Self.squares).enumerated() {
            #expect(rows.rowCount == 2 && rows.columnCount == 16)
            for (found, golden) in zip(rows.elements, expected.rows(2 * index..<2 * index + 2).elements) { #expect(abs(found - golden) < 1e-4) }
        }
    }

    @Test(arguments: ["plain", "space"]) func embeddings_areTheSameBits_inAnyBatchAndWithAnyThreads(_ kind: String) throws {
        let file = try Self.make(kind).file, one = try VisionModel(file), three = try VisionModel(file, threads: 3)
        let together = one.embeddings(Self.squares)
        #expect(together == Self.squares.map { one.embeddings([$0])[0] })
        #expect(together == three.embeddings(Self.squares))
    }

    /// The default model's encoder with the golden's projector of this kind, and what it should give, `[pictures * positions x width]`.
    private static func make(_ kind: String) throws -> (file: GGUFFile, expected: Matrix) {
        let golden = try GGUFFile(path: #require(Bundle.module.path(forResource: "lite0-projected", ofType: "gguf", inDirectory: "Goldens")))
        let directory = try ModelDirectory(
            path: URL(filePath: #filePath).deletingLastPathComponent().path + "/../../var/lib/lcld/models/default")
        let encoder = try directory.open(directory.encoder().file), name = EfficientNetLite0.architecture
        var writer = GGUFWriter(architecture: name)
        for (key, value) in encoder.metadata { writer.set(key, value) }
        for key in ["taps", "positions"] { writer.set("\(name).projector.\(key)", try #require(golden[key])) }
        func add(_ file: GGUFFile, _ tensor: GGUFTensor, as name: String) throws {
            writer.add(tensor: name, shape: tensor.shape, values: try file.floats(tensor: tensor.name, shape: tensor.shape), as: tensor.type)
        }
        for tensor in encoder.tensors { try add(encoder, tensor, as: tensor.name) }
        for tensor in golden.tensors where tensor.name.hasPrefix(kind + ".mm") { try add(golden, tensor, as: String(tensor.name.dropFirst(kind.count + 1))) }
        return (try LanguageModelTests.write(writer.encoded(), "mmproj.gguf").first, try golden.matrix(tensor: kind + ".golden"))
    }
}
