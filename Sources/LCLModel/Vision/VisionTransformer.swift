// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// A vision transformer (Dosovitskiy et al., arXiv 2010.11929) as CLIP (arXiv 2103.00020) and SigLIP (arXiv 2303.15343) have it, up
/// to its projector's output.
package final class VisionTransformer: VisionNetwork {
    let frame: PictureFrame
    let input: PictureInput
    let width: Int
    let positions: Int
    private let shape: VisionConfiguration
    private let weights: VisionWeights
    private let projector: VisionProjector
    private let attention: Attention
    private let threads: Int
    /// `[colour][byte]`
    private let levels: [[Float]]

    /// Rows that run together, about: bounds memory, changes no result.
    private static let rowsPerBatch = 4096

    package init(_ file: GGUFFile, threads: Int) throws(ModelError) {
        shape = try VisionConfiguration(file)
        weights = try VisionWeights(file, shape)
        projector = try VisionProjector(file, shape)
        attention = Attention(heads: shape.heads, threads: threads)
        self.threads = threads
        frame = shape.projector == .idefics3 ? .idefics3 : .none
        input = shape.input
        width = projector.width
        let side = shape.grid / shape.shuffle
        positions = side * side
        levels = shape.input.levels
    }

    func embeddings(_ squares: [[UInt8]], alive: () throws -> Void) rethrows -> [Matrix] {
        let atOnce = max(1, Self.rowsPerBatch / weights.positions.rowCount)
        return try stride(from: 0, to: squares.count, by: atOnce).flatMap { first in
            let batch = Array(squares[first..<min(squares.count, first + atOnce)])
            let projected = projector(try features(batch) { _ in try alive() }, pictures: batch.count, threads: threads)  // [pictures * positions x width]
            return batch.indices.map { projected.rows($0 * positions..<($0 + 1) * positions) }
        }
    }

    /// The hidden state that the projector reads, without the class token, `[pictures * patches x width]`.
    /// - Parameter layer: gets each hidden state, `[pictures * tokens x width]`, from the input of the first block on.
    package func features(_ squares: [[UInt8]], layer: (Matrix) throws -> Void) rethrows -> Matrix {
        var x = embed(squares)  // [n x width]
        try layer(x)
        for block in weights.layers {
            x = run(block, x)
            try layer(x)
        }
        if let after = weights.after { x = x.layerNormalized(after, threads: threads) }
        guard weights.classToken != nil else { return x }
        let tokens = weights.positions.rowCount
        return x.gather((0..<x.rowCount).filter { $0 % tokens != 0 })
    }

    private func run(_ block: VisionWeights.Layer, _ x: Matrix) -> Matrix {
        let normed = x.layerNormalized(block.norm, threads: threads)  // [n x width]
        let attended = attention.within(
            runs: weights.positions.rowCount, block.query(normed, threads: threads), keys: block.key(normed, threads: threads),
            values: block.value(normed, threads: threads))
        let x = block.output(attended, adding: x, threads: threads)
        let inner = block.up(x.layerNormalized(block.feedForwardNorm, threads: threads), activation: shape.activation, threads: threads)
        return block.down(inner, adding: x, threads: threads)  // inner: [n x feedForward]
    }

    /// Class token and patches with their positions, `[pictures * tokens x width]`.
    private func embed(_ squares: [[UInt8]]) -> Matrix {
        let patches = weights.patches(Matrix(joining: squares.map(patches)), threads: threads)  // [pictures * patches x width]
        let count = shape.grid * shape.grid, tokens = weights.positions.rowCount, extra = tokens - count
        var x = Matrix(rows: squares.count * tokens, columns: shape.width)
        for row in 0..<x.rowCount {
            let (picture, token) = row.quotientAndRemainder(dividingBy: tokens)
            x.withMutableRow(row) { to in
                weights.positions.withRow(token) { _ = to.update(from: $0) }
                if token < extra {
                    for i in to.indices { to[i] += weights.classToken![i] }
                } else {
                    patches.withRow(picture * count + token - extra) { from in
                        for i in to.indices { to[i] += from[i] }
                    }
                }
            }
        }
        return weights.before.map { x.layerNormalized($0, threads: threads) } ?? x
    }

    /// `[patches x 3 * patch * patch]`, a patch as `[colour][row][column]`.
    private func patches(_ square: [UInt8]) -> Matrix {
        let (grid, patch, side) = (shape.grid, shape.patch, shape.side)
        var result = Matrix(rows: grid * grid, columns: 3 * patch * patch)
        for index in 0..<grid * grid {
            let top = index / grid * patch, left = index % grid * patch
            result.withMutableRow(index) { to in
                var at = 0
                for colour in 0..<3 {
                    levels[colour].withUnsafeBufferPointer { level in
                        for y in top..<top + patch {
                            for x in left..<left + patch {
                                to[at] = level[Int(square[(y * side + x) * 3 + colour])]
                                at += 1
                            }
                        }
                    }
                }
            }
        }
        return result
    }
}
