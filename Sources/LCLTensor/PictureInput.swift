// SPDX-License-Identifier: Apache-2.0

/// What a network wants to see of a picture: squares of RGB bytes, how they are cut out of it, and what a byte stands for.
public struct PictureInput: Equatable, Sendable {
    /// How a picture of any shape becomes squares.
    public enum Fit: Equatable, Sendable {
        /// The whole picture, distorted.
        case stretch
        /// The short side scaled to the square's, the centre cut out (CLIP).
        case crop
        /// Bars of this colour added to make it square, then scaled (LLaVA-1.5).
        case pad(SIMD3<UInt8>)
        /// The long side scaled to `longest`, then distorted to one square; where `split`, scaled to whole squares instead, one tile
        /// each, with the whole picture as the last (Idefics3, SmolVLM).
        case tiles(longest: Int, split: Bool)
    }

    /// How pixels between pixels are found; all widen as the picture shrinks, as Pillow's do.
    public enum Filter: String, Equatable, Sendable, CaseIterable {
        case bilinear
        case bicubic
        case lanczos
    }

    /// Of each square, pixels.
    public var side: Int
    public var fit: Fit
    public var filter: Filter
    /// Of red, green and blue, as parts of 255.
    public var mean: SIMD3<Float>
    public var deviation: SIMD3<Float>

    public init(side: Int, fit: Fit, filter: Filter = .bicubic, mean: SIMD3<Float>, deviation: SIMD3<Float>) {
        self.side = side
        self.fit = fit
        self.filter = filter
        self.mean = mean
        self.deviation = deviation
    }

    /// The colour that the network sees as nothing: the mean, rounded down.
    public var neutral: SIMD3<UInt8> { Self.colour(mean) }

    public static func colour(_ mean: SIMD3<Float>) -> SIMD3<UInt8> {
        let scaled = (mean * 255).clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255))
        return SIMD3(UInt8(scaled.x), UInt8(scaled.y), UInt8(scaled.z))
    }

    /// Bytes of one square, rows from the top, RGB interleaved.
    public var byteCount: Int { side * side * 3 }

    /// What each byte stands for, `[colour][byte]`: (byte / 255 - mean) / deviation.
    public var levels: [[Float]] {
        (0..<3).map { colour in (0..<256).map { (Float($0) * Float(1.0 / 255) - mean[colour]) / deviation[colour] } }
    }
}

/// A picture as its squares, ready for a network.
public struct PreparedPicture: Equatable, Sendable {
    /// Rows and columns of tiles; 0 x 0 where the picture is one square. Where it is split, the last square is the whole picture.
    public let rows: Int
    public let columns: Int
    /// ``PictureInput/byteCount`` bytes each, row by row.
    public let squares: [[UInt8]]

    public init(rows: Int = 0, columns: Int = 0, squares: [[UInt8]]) {
        precondition(squares.count == rows * columns + 1, "a square for each tile, and the whole")
        self.rows = rows
        self.columns = columns
        self.squares = squares
    }

    /// A picture without content.
    public static func neutral(_ input: PictureInput) -> PreparedPicture {
        let colour = input.neutral
        return PreparedPicture(squares: [(0..<input.byteCount).map { colour[$0 % 3] }])
    }
}
