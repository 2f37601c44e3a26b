// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor
import Testing

/// Goldens: Tests/Reference/vision_goldens.py, with transformers in fp32.
struct VisionModelTests {
    static let names = ["llava", "llava-gelu", "llava-old", "idefics3"]

    static func file(_ name: String) throws -> GGUFFile {
        try GGUFFile(path: try #require(Bundle.module.path(forResource: name, ofType: "gguf", inDirectory: "Goldens")))
    }

    static func square(_ file: GGUFFile) throws -> [UInt8] { try file.matrix(tensor: "golden.square").row(0).map { UInt8($0) } }

    @Test(arguments: names) func everyLayer_equalsTransformers(_ name: String) throws {
        let file = try Self.file(name), network = try VisionTransformer(file, threads: 1)
        var layer = 0
        _ = network.features([try Self.square(file)]) { found in
            let expected = try? file.matrix(tensor: "golden.hidden.\(layer)")
            #expect(found.distance(to: expected) < 1e-4, "hidden state \(layer)")
            layer += 1
        }
        #expect(layer == 3)
    }

    @Test(arguments: names) func embeddings_equalTransformers(_ name: String) throws {
        let file = try Self.file(name), model = try VisionModel(file)
        let found = model.embeddings([try Self.square(file)])
        #expect(found[0].distance(to: try file.matrix(tensor: "golden.embeddings")) < 1e-4)
        #expect(model.width == 32 && model.positions == (name == "idefics3" ? 4 : 16))
    }

    @Test(arguments: ["llava", "idefics3"]) func lastPosition_equalsTransformers_afterTextAndPicture(_ name: String) throws {
        let file = try Self.file(name), vision = try VisionModel(file)
        let shards = try GGUFShards(path: try Self.file(name + "-text").path), language = try LanguageModel(shards)
        let tokens = try #require(shards.first["golden.tokens"]?.array).compactMap(\.integer)
        let image = vision.embeddings([try Self.square(file)])[0]
        let prompt = Matrix(joining: [language.embed(Array(tokens.prefix(4))), image, language.embed(Array(tokens.suffix(3)))])
        #expect(prompt.rowCount == tokens.count)
        let found = language.nextLogProbabilities(prompt), expected = try shards.first.matrix(tensor: "golden.last").row(0)
        for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-4) }
    }

    @Test(arguments: names) func embeddings_areTheSameBits_inAnyBatchAndWithAnyThreads(_ name: String) throws {
        let file = try Self.file(name), one = try VisionModel(file), three = try VisionModel(file, threads: 3)
        let first = try Self.square(file), squares = [first, first.reversed(), first.map { $0 / 2 }, first.map { 255 - $0 }, first]
        let together = one.embeddings(squares)
        #expect(together == squares.map { one.embeddings([$0])[0] })
        #expect(together == three.embeddings(squares))
        #expect(together[0] != together[1])
        var words = 0
        #expect(one.embeddings(squares, alive: { words += 1 }) == together && words >= 2)
    }

    /// The tensors named as llama.cpp's older converter does: same network, same bits.
    @Test func model_isTheSame_whenItsFeedForwardNamesAreExchanged() throws {
        let file = try Self.file("llava"), square = try Self.square(file)
        let exchanged = try Self.edited("llava", rename: {
            $0.contains("ffn_up") ? $0.replacing("ffn_up", with: "ffn_down") : $0.replacing("ffn_down", with: "ffn_up")
        })
        #expect(try VisionModel(exchanged).embeddings([square]) == VisionModel(file).embeddings([square]))
    }

    @Test func projector_isTheSame_whenItsMatricesAreCountedWithoutTheActivation() throws {
        let file = try Self.file("llava"), square = try Self.square(file)
        let renamed = try Self.edited("llava", rename: { $0.replacing("mm.0", with: "mm.1") })
        #expect(try VisionModel(renamed).embeddings([square]) == VisionModel(file).embeddings([square]))
    }

    /// The file holds 3 blocks and the closing norm, so it is whole, and LLaVA reads the state before its last block.
    @Test func lastBlock_isNotRun_whenTheFileIsWholeAndNamesNoLayer() throws {
        let file = try Self.file("llava"), square = try Self.square(file)
        let silent = try Self.edited("llava", edit: { _ in }, dropping: ["clip.vision.feature_layer"])
        let negative = try Self.edited("llava", edit: { $0.set("clip.vision.feature_layer", .int32(-2)) })
        let last = try Self.edited("llava", edit: { $0.set("clip.vision.feature_layer", .int32(-1)) })
        let expected = try VisionModel(file).embeddings([square])
        #expect(try VisionModel(silent).embeddings([square]) == expected)
        #expect(try VisionModel(negative).embeddings([square]) == expected)
        #expect(try VisionModel(last).embeddings([square]) != expected)
    }

    @Test func input_isAsTheFileSays() throws {
        let llava = try VisionModel(Self.file("llava")), idefics = try VisionModel(Self.file("idefics3"))
        #expect(llava.input.fit == .pad(SIMD3(122, 116, 104)) && llava.input.filter == .bicubic && llava.input.side == 28)
        #expect(idefics.input.fit == .tiles(longest: 112, split: false) && idefics.input.filter == .lanczos)
        let square = try Self.edited("llava", edit: { $0.set("clip.vision.image_aspect_ratio", .string("square")) })
        #expect(try VisionModel(square).input.fit == .crop)
        #expect(try VisionModel(square, fit: .stretch).input.fit == .stretch)
    }

    @Test func frame_namesEveryTile_whenAPictureIsSplit() {
        let mark = PictureFrame.Piece.special("<fake_token_around_image>")
        #expect(PictureFrame.idefics3.pieces(rows: 0, columns: 0) == [mark, .special("<global-img>"), .square(0), mark])
        let split = PictureFrame.idefics3.pieces(rows: 2, columns: 1)
        #expect(split == [
            mark, .special("<row_1_col_1>"), .square(0), .text("\n"), mark, .special("<row_2_col_1>"), .square(1), .text("\n\n"), mark,
            .special("<global-img>"), .square(2), mark,
        ])
        #expect(PictureFrame.none.pieces(rows: 0, columns: 0) == [.square(0)])
    }

    // MARK: Refusals

    @Test(arguments: [
        ("general.architecture", GGUFValue.string("llama"), ModelError.Kind.unsupported), ("clip.projector_type", .string("resampler"), .unsupported),
        ("clip.vision.image_size", .uint32(0), .wrongContent), ("clip.vision.image_size", .uint32(35), .wrongContent),
        ("clip.vision.patch_size", .uint32(5), .unsupported), ("clip.vision.attention.head_count", .uint32(3), .unsupported),
        ("clip.vision.block_count", .uint32(9), .wrongContent), ("clip.vision.block_count", .int32(-1), .wrongContent),
        ("clip.vision.feed_forward_length", .uint32(64), .wrongContent), ("clip.vision.feature_layer", .int32(7), .wrongContent),
        ("clip.vision.image_mean", .array([.float32(1)]), .wrongContent), ("clip.vision.image_std", .array([.float32(0), .float32(1), .float32(1)]), .wrongContent),
        ("clip.vision.attention.layer_norm_epsilon", .float32(.nan), .wrongContent), ("clip.use_silu", .bool(true), .unsupported),
    ])
    func model_isRefused_whenAKeyIsWrong(_ key: String, _ value: GGUFValue, _ kind: ModelError.Kind) throws {
        let file = try Self.edited("llava", edit: { $0.set(key, value) })
        let error = try #require(throws: ModelError.self) { _ = try VisionModel(file) }
        #expect(error.kind == kind)
    }

    @Test(arguments: ["v.patch_embd.weight", "v.position_embd.weight", "v.blk.1.attn_k.weight", "v.blk.0.ln2.bias", "mm.0.weight"])
    func model_isRefused_whenATensorIsMissing(_ name: String) throws {
        let file = try Self.edited("llava", rename: { $0 == name ? "other" : $0 })
        let error = try #require(throws: ModelError.self) { _ = try VisionModel(file) }
        #expect(error.kind == .wrongContent)
    }

    /// A golden file with its metadata edited and its tensors renamed.
    static func edited(
        _ name: String, edit: (inout GGUFWriter) -> Void = { _ in }, dropping: Set<String> = [], rename: (String) -> String = { $0 }
    ) throws -> GGUFFile {
        let file = try file(name)
        var writer = GGUFWriter(architecture: "clip")
        for (key, value) in file.metadata where !dropping.contains(key) { writer.set(key, value) }
        for tensor in file.tensors where !tensor.name.hasPrefix("golden") {
            writer.add(
                tensor: rename(tensor.name), shape: tensor.shape, values: try file.floats(tensor: tensor.name, shape: tensor.shape), as: tensor.type)
        }
        edit(&writer)
        return try LanguageModelTests.write(writer.encoded(), "edited.gguf").first
    }
}

extension Matrix {
    /// The largest difference of two elements; infinite where the shapes differ.
    fileprivate func distance(to other: Matrix?) -> Float {
        guard let other, other.rowCount == rowCount, other.columnCount == columnCount else { return .infinity }
        return zip(elements, other.elements).map { abs($0 - $1) }.max() ?? 0
    }
}
