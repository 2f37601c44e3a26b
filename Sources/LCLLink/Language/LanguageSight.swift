// SPDX-License-Identifier: Apache-2.0
import LCLImage
import LCLModel
import LCLTensor

/// How a language model sees: a vision model with its projector, and the tokens that stand around what it sees.
package struct LanguageSight: Sendable {
    private let embedder: PictureEmbedder
    /// Positions of a picture that is not split: no picture takes fewer.
    package let fewestPositions: Int

    /// - Parameter split: whether pictures are shown in tiles too, where the vision model was taught that.
    /// - Throws: `ModelError`, ``LinkError``.
    init(_ file: GGUFFile, projector: GGUFFile?, of model: LanguageModel, _ tokenizer: Tokenizer, split: Bool, threads: Int) throws {
        var vision = try VisionModel(file, projector: projector, threads: threads)
        if case .tiles(let longest, let standard) = vision.input.fit, standard != split {
            vision = try VisionModel(file, fit: .tiles(longest: longest, split: split), threads: threads)
        }
        embedder = try PictureEmbedder(vision: vision, language: model, tokenizer: tokenizer)
        fewestPositions = try embedder.positions(rows: 0, columns: 0)
    }

    /// In a few words.
    package var summary: String { "pictures of \(embedder.vision.input.side) pixels as \(fewestPositions) positions" }

    /// What a picture without content looks like.
    func neutral(alive: () throws -> Void) rethrows -> Matrix { try Self.seen([.neutral(embedder.vision.input)], by: embedder, alive)[0] }

    package func encoder(limits: ImageLimits) -> any PictureEncoder { Encoder(embedder, limits) }

    private static func seen(_ pictures: [PreparedPicture], by embedder: PictureEmbedder, _ alive: () throws -> Void) rethrows -> [Matrix] {
        let squares = try embedder.vision.embeddings(pictures.flatMap(\.squares), alive: alive)
        do throws(LinkError) { return try embedder.embeddings(pictures, squares: squares) } catch {
            preconditionFailure("its tokens were looked up before: \(error)")
        }
    }

    private final class Encoder: PictureEncoder {
        let batch = 8

        private let embedder: PictureEmbedder
        private let preparer: PicturePreparer
        private var places: [PreparedPicture?]

        init(_ embedder: PictureEmbedder, _ limits: ImageLimits) {
            self.embedder = embedder
            preparer = PicturePreparer(embedder.vision.input, limits: limits)
            places = Array(repeating: nil, count: batch)
        }

        func prepare(_ file: UnsafeRawBufferPointer, at place: Int) throws(ImageError) { places[place] = try preparer.prepare(file) }

        func encode(_ count: Int, alive: () throws -> Void) rethrows -> [Matrix] {
            let pictures = places[..<count].map { picture in
                guard let picture else { preconditionFailure("every place was prepared") }
                return picture
            }
            return try seen(pictures, by: embedder, alive)
        }
    }
}
