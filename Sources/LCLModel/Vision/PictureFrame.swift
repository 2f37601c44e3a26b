// SPDX-License-Identifier: Apache-2.0

/// What stands around a picture's squares where a conversation shows it.
public enum PictureFrame: String, Equatable, Sendable {
    /// Nothing: the embeddings alone (LLaVA).
    case none
    /// Marks around each square, and the place of each tile (Laurençon et al., Idefics3, arXiv 2408.12637).
    case idefics3

    /// A piece of a picture in a conversation.
    public enum Piece: Equatable, Sendable {
        /// A special token of the language model, by its name.
        case special(String)
        case text(String)
        /// The embeddings of one square.
        case square(Int)
    }

    /// A picture of `rows x columns` tiles and the whole; of the whole alone, where both are 0.
    public func pieces(rows: Int, columns: Int) -> [Piece] {
        guard self == .idefics3 else { return (0...rows * columns).map { .square($0) } }
        let mark = Piece.special("<fake_token_around_image>")
        var pieces: [Piece] = []
        for row in 0..<rows {
            for column in 0..<columns {
                pieces += [mark, .special("<row_\(row + 1)_col_\(column + 1)>"), .square(row * columns + column)]
            }
            pieces.append(.text(row + 1 < rows ? "\n" : "\n\n"))
        }
        return pieces + [mark, .special("<global-img>"), .square(rows * columns), mark]
    }
}
