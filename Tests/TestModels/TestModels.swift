// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor

/// Language models for tests, made as `lcl model import` makes them.
package enum TestModels {
    /// A tiny LLaVA called `name` in `directory`, about 130 kB.
    @discardableResult
    package static func makeTiny(
        _ name: String = "tiny", in directory: URL, language: [UInt8] = TinyLanguage.encoded(), card edit: (inout LanguageCard) -> Void = { _ in }
    ) throws -> ModelDirectory {
        try make(name, in: directory, language: language, vision: TinyVision.encoded(), context: 600, edit)
    }

    /// A language model with the eyes of `encoder` (EfficientNet-Lite0) and a projector that was never trained: it answers at chance.
    package static func makeUntrained(_ name: String, in directory: URL, language: String, encoder: GGUFFile, width: Int) throws -> ModelDirectory {
        try make(
            name, in: directory, language: [UInt8](Data(contentsOf: URL(filePath: language))), vision: projected(encoder, width: width), context: 2048) { _ in }
    }

    private static func make(
        _ name: String, in directory: URL, language: [UInt8], vision: [UInt8], context: Int, _ edit: (inout LanguageCard) -> Void
    ) throws -> ModelDirectory {
        let scratch = directory.appending(path: "." + name)
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: scratch) }
        let files = [("language.gguf", language), ("vision.gguf", vision)].map { (scratch.appending(path: $0), Data($1)) }
        for (path, bytes) in files { try bytes.write(to: path) }
        var card = LanguageCard(file: "language.gguf", vision: "vision.gguf", template: .named("chat"), context: context)
        edit(&card)
        return try ModelDirectory.make(
            name, in: directory.path, description: "for tests", licence: "Apache-2.0", language: card, of: files.map(\.0.path), linking: false)
    }

    /// The encoder's file with two positions of invented weights behind its tap `d11.max`.
    private static func projected(_ encoder: GGUFFile, width: Int) throws -> [UInt8] {
        var writer = GGUFWriter(architecture: "efficientnet-lite0"), numbers = Numbers(0.75)
        for (key, value) in encoder.metadata { writer.set(key, value) }
        writer.set("efficientnet-lite0.projector.taps", .array([.string("d11.max")]))
        writer.set("efficientnet-lite0.projector.positions", .uint32(2))
        for tensor in encoder.tensors {
            writer.add(tensor: tensor.name, shape: tensor.shape, values: try encoder.floats(tensor: tensor.name, shape: tensor.shape), as: tensor.type)
        }
        writer.add(tensor: "mm.0.weight", shape: [2 * width, 672], values: numbers.draw(2 * width * 672, scale: 0.02), as: .f16)
        return writer.encoded()
    }
}
