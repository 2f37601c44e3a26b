// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

/// Prepared pictures as a language model reads them: the embeddings of their squares, with what stands around them.
public struct PictureEmbedder: Sendable {
    public let vision: VisionModel
    private let language: LanguageModel
    private let tokenizer: Tokenizer

    /// - Throws: ``LinkError/support(reason:)`` where the two models do not belong together.
    public init(vision: VisionModel, language: LanguageModel, tokenizer: Tokenizer) throws(LinkError) {
        guard vision.width == language.configuration.width else {
            throw .support(
                reason: "the vision model's projector is made for a language model of width \(vision.width), this one has \(language.configuration.width)")
        }
        (self.vision, self.language, self.tokenizer) = (vision, language, tokenizer)
        _ = try runs(rows: 0, columns: 0)
        if case .tiles(let longest, split: true) = vision.input.fit {
            let most = (longest + vision.input.side - 1) / vision.input.side
            _ = try runs(rows: most, columns: most)
        }
    }

    /// Rows that a picture of so many tiles becomes; 0 x 0 is one square.
    public func positions(rows: Int, columns: Int) throws(LinkError) -> Int {
        try runs(rows: rows, columns: columns).reduce(0) { sum, run in
            switch run {
            case .tokens(let tokens): sum + tokens.count
            case .square: sum + vision.positions
            }
        }
    }

    /// Of each picture, `[positions x width]`; the same to the last bit whatever pictures come with it.
    /// - Parameter squares: what the vision model makes of the pictures' squares, one after the other.
    public func embeddings(_ pictures: [PreparedPicture], squares: [Matrix]) throws(LinkError) -> [Matrix] {
        var squares = squares[...], result: [Matrix] = []
        for picture in pictures {
            let own = Array(squares.prefix(picture.squares.count))
            squares = squares.dropFirst(own.count)
            let runs = try runs(rows: picture.rows, columns: picture.columns)
            result.append(
                Matrix(
                    joining: runs.map { run in
                        switch run {
                        case .tokens(let tokens): language.embed(tokens)
                        case .square(let index): own[index]
                        }
                    }))
        }
        return result
    }

    private enum Run {
        case tokens([Int])
        case square(Int)
    }

    /// The first LLaVA, and with it the paper's LCL-7B, were taught marks around pictures; their language models have these tokens.
    private func framed(_ pieces: [PictureFrame.Piece]) -> [PictureFrame.Piece] {
        guard vision.frame == .none, tokenizer.special("<im_start>") != nil, tokenizer.special("<im_end>") != nil else { return pieces }
        return [.special("<im_start>")] + pieces + [.special("<im_end>")]
    }

    private func runs(rows: Int, columns: Int) throws(LinkError) -> [Run] {
        var runs: [Run] = []
        for piece in framed(vision.frame.pieces(rows: rows, columns: columns)) {
            switch piece {
            case .square(let index): runs.append(.square(index))
            case .text(let text): runs.append(.tokens(tokenizer.encode(text)))
            case .special(let name):
                guard let token = tokenizer.special(name) else {
                    throw .support(reason: "the language model has no token '\(name)', which stands around the vision model's pictures")
                }
                runs.append(.tokens([token]))
            }
        }
        return runs
    }
}
