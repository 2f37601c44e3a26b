// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import LCLTensor

/// A GGUF file as it is: refused, or every tensor can be read, what the writer makes of it reads the same again, and every
/// kind of model either loads it or refuses it.
final class GGUFDoor: FuzzDoor {
    func check(_ input: [UInt8]) throws {
        guard let file = try unlessRefused(ModelError.self, { try GGUFFile(copying: input, path: "fuzz.gguf") }) else { return }
        for tensor in file.tensors {
            let values = try file.floats(tensor: tensor.name, shape: tensor.shape)
            try require(values.count == tensor.elementCount, "a tensor has the elements of its shape")
            _ = try unlessRefused(ModelError.self) { try file.matrix(tensor: tensor.name) }
        }
        let once = Self.rewritten(file), twice = Self.rewritten(try GGUFFile(copying: once, path: "fuzz.gguf"))
        try require(once == twice, "what is written reads as it was written")
        try ModelLoading.load(file)
    }

    /// All that the writer can write: keys, and tensors of numbers as F32 or F16.
    private static func rewritten(_ file: GGUFFile) -> [UInt8] {
        var writer = GGUFWriter(architecture: "none")
        for (key, value) in file.metadata where key != "general.alignment" { writer.set(key, value) }
        for tensor in file.tensors where tensor.type == .f32 || tensor.type == .f16 {
            guard let values = try? file.floats(tensor: tensor.name, shape: tensor.shape), !values.contains(where: \.isNaN) else { continue }
            writer.add(tensor: tensor.name, shape: tensor.shape, values: values, as: tensor.type)
        }
        return writer.encoded()
    }
}

/// Every kind of model that a GGUF file may be.
enum ModelLoading {
    /// Loads `file` as each of them in turn, and uses what loads.
    static func load(_ file: GGUFFile) throws {
        _ = try unlessRefused(ModelError.self) { try EfficientNetLite0(gguf: file) }
        _ = try unlessRefused(ModelError.self) { try ForegroundMask(gguf: file) }
        try loadLink(file)
        try loadTokenizer(file)
        try loadLanguage(file)
        try loadVision(file)
    }

    private static func loadLink(_ file: GGUFFile) throws {
        let link: LinkFile
        do { link = try LinkFile(gguf: file) } catch where error is ModelError || error is LinkError { return }
        let again = try LinkFile(gguf: GGUFFile(copying: link.encoded(), path: "again.gguf"))
        try require(again.encoded() == link.encoded(), "a link file that is written reads as it was written")
        for space in link.methods.map({ link.linking($0).space }) + (link.closer.map { [$0.linking.space] } ?? []) {
            guard space.featureWidth <= 4096 else { continue }
            let embedded = space.embed(Matrix(rows: 1, columns: space.featureWidth, [Float](repeating: 1, count: space.featureWidth)))
            try require(embedded.columnCount == space.width, "a row as wide as the space")
        }
    }

    private static func loadTokenizer(_ file: GGUFFile) throws {
        guard let tokenizer = try unlessRefused(ModelError.self, { try Tokenizer(file) }) else { return }
        for text in ["", "a cat", "  <s> \u{2581}x\n\n", "\u{0}\u{301}é😀 123's"] { try tokenizer.checkTokens(of: text) }
        for token in [-1, 0, tokenizer.vocabulary.count, Int.max] { _ = tokenizer.decode([token]) }
    }

    private static func loadLanguage(_ file: GGUFFile) throws {
        guard let model = try unlessRefused(ModelError.self, { try LanguageModel(GGUFShards(files: [file])) }) else { return }
        let shape = model.configuration
        guard shape.layers <= 8, shape.width <= 512, shape.feedForward <= 4096, shape.vocabulary <= 65_536 else { return }
        let tokens = (0..<min(3, model.context)).map { $0 % shape.vocabulary }
        try require(model.logProbabilities(tokens).count == max(0, tokens.count - 1), "a number for each token after the first")
    }
}

extension ModelLoading {
    private static func loadVision(_ file: GGUFFile) throws {
        guard let model = try unlessRefused(ModelError.self, { try VisionModel(file) }), model.input.side <= 32, model.width <= 512 else { return }
        let square = PreparedPicture.neutral(model.input).squares[0]
        let embeddings = model.embeddings([square])
        try require(embeddings.count == 1 && embeddings[0].rowCount == model.positions && embeddings[0].columnCount == model.width, "embeddings of their shape")
    }
}

extension Tokenizer {
    /// - Returns: the tokens of `text`, all of which the vocabulary has.
    @discardableResult
    func checkTokens(of text: String) throws -> [Int] {
        let tokens = encode(text)
        try require(tokens.allSatisfy((0..<vocabulary.count).contains), "tokens are of the vocabulary")
        try require(tokens.count <= 2 * text.utf8.count + 3, "no more tokens than bytes")
        _ = decode(tokens)
        return tokens
    }
}
