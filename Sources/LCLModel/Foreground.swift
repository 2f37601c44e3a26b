// SPDX-License-Identifier: Apache-2.0

/// What a ``ForegroundMask`` says of one picture: how unsure it is, and where to look closer.
public struct Foreground: Equatable, Sendable {
    /// The mean distance of the cells from 0 or 1, over the share of cells above 0.5; at most ``most``.
    public let doubt: Float
    /// The square to look at, in pixels.
    public let x: Int, y: Int, side: Int
    /// Of each cell of the picture, how much of it is foreground.
    private let shares: [Float]

    /// Supports whose mean doubt is below this are looked at closer.
    public static let sure: Float = 0.5
    /// Where a mask shows next to nothing.
    package static let most: Float = 2
    /// Fewer cells above 0.5 are no foreground.
    private static let fewest = 3
    /// Around the cells, in pixels.
    private static let margin = 6
    /// Less is not enlarged: there is no more to see.
    private static let leastSide = 96

    package init(doubt: Float, x: Int, y: Int, side: Int, shares: [Float]) {
        (self.doubt, self.x, self.y, self.side, self.shares) = (doubt, x, y, side, shares)
    }

    /// Whether supports of these doubts are compared by the closer look.
    public static func isSure(_ doubts: some Collection<Float>) -> Bool { doubts.reduce(0, +) < sure * Float(doubts.count) }

    /// - Parameter shares: of each cell, rows from the top.
    public init(_ shares: [Float]) {
        let cells = shares.indices.filter { shares[$0] > 0.5 }
        let picture = EfficientNetLite0.inputSize
        self.shares = shares
        guard cells.count >= Self.fewest else {
            (doubt, x, y, side) = (Self.most, 0, 0, picture)
            return
        }
        doubt = min(Self.most, shares.reduce(0) { $0 + min($1, 1 - $1) } / Float(cells.count))
        let rows = cells.map { $0 / ForegroundMask.side }, columns = cells.map { $0 % ForegroundMask.side }, cell = picture / ForegroundMask.side
        let height = (rows.max()! - rows.min()! + 1) * cell, width = (columns.max()! - columns.min()! + 1) * cell
        let side = min(picture, max(Self.leastSide, max(height, width) + 2 * Self.margin))
        /// The square's start on one axis: its middle is the cells', as far as it stays inside.
        func start(_ first: Int, _ length: Int) -> Int { min(max(0, first * cell + (length - side) / 2), picture - side) }
        (x, y, self.side) = (start(columns.min()!, width), start(rows.min()!, height), side)
    }

    /// Shares of the square's own cells, `side` a row: the mean of a few points of each, between the picture's cells bilinear.
    package func weights(side cells: Int) -> [Float] {
        let points = 4, scale = Float(side) / Float(cells * points), grid = ForegroundMask.side, cell = Float(EfficientNetLite0.inputSize / grid)
        /// Where the points of one axis lie among the picture's cells.
        func places(_ start: Int) -> [(first: Int, second: Int, share: Float)] {
            (0..<cells * points).map { point in
                let middle = min(max(0, (Float(start) + (Float(point) + 0.5) * scale) / cell - 0.5), Float(grid - 1)), first = Int(middle)
                return (first, min(first + 1, grid - 1), middle - Float(first))
            }
        }
        let columns = places(x)
        var weights = [Float](repeating: 0, count: cells * cells)
        for (row, down) in places(y).enumerated() {
            for (column, across) in columns.enumerated() {
                func blend(_ line: Int) -> Float {
                    shares[line * grid + across.first] * (1 - across.share) + shares[line * grid + across.second] * across.share
                }
                weights[row / points * cells + column / points] += blend(down.first) * (1 - down.share) + blend(down.second) * down.share
            }
        }
        return weights.map { $0 / Float(points * points) }
    }

    /// The square at the picture's own size, bilinear.
    /// - Parameters:
    ///   - pixels: 224 x 224 x 3 bytes.
    ///   - part: receives as many.
    package func enlarge(_ pixels: UnsafeBufferPointer<UInt8>, into part: UnsafeMutableBufferPointer<UInt8>) {
        let picture = EfficientNetLite0.inputSize
        precondition(pixels.count == picture * picture * 3 && part.count == pixels.count, "one prepared picture")
        guard side < picture else {
            _ = part.update(fromContentsOf: pixels)
            return
        }
        let steps = (0..<picture).map { Step($0, side: side, picture: picture) }
        for (row, down) in steps.enumerated() {
            let upper = (y + down.first) * picture, lower = (y + down.second) * picture, start = row * picture * 3
            for (column, across) in steps.enumerated() {
                let left = (x + across.first) * 3, right = (x + across.second) * 3
                for colour in 0..<3 {
                    func blend(_ line: Int) -> Int {
                        Int(pixels[line * 3 + left + colour]) * (Step.one - across.share) + Int(pixels[line * 3 + right + colour]) * across.share
                    }
                    let value = blend(upper) * (Step.one - down.share) + blend(lower) * down.share
                    part[start + column * 3 + colour] = UInt8((value + Step.one * Step.one / 2) / (Step.one * Step.one))
                }
            }
        }
    }

    /// Where one row or column comes from: between two pixels of the square.
    private struct Step {
        static let one = 1 << 16
        let first: Int, second: Int
        /// Of the second, of ``one``.
        let share: Int

        init(_ place: Int, side: Int, picture: Int) {
            // The middle of the pixel, in parts of ``one`` of a pixel of the square.
            let middle = min(max(0, ((2 * place + 1) * side * Self.one / (2 * picture)) - Self.one / 2), (side - 1) * Self.one)
            first = middle / Self.one
            second = min(first + 1, side - 1)
            share = middle % Self.one
        }
    }
}
