// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import LCLTensor

/// All that is learned of a multimodal language model; also the shape of a gradient.
package struct AdapterParameters: Equatable, Sendable {
    package var projector: PictureProjector
    /// Of each block, one for each of ``LanguageBlock/adapted``.
    package var blocks: [[LowRank]]

    package init(projector: PictureProjector, blocks: [[LowRank]]) {
        (self.projector, self.blocks) = (projector, blocks)
    }

    /// Where training starts: a language model that answers as it did, and a projector of the classes' main directions.
    package init(_ model: LanguageMatrices, means: Matrix, rank: Int, seed: UInt64) throws {
        var random = SeededRandom(seed: seed, 0xada)
        projector = try PictureProjector(means: means, embedding: model.embedding)
        blocks = model.layers.map { layer in
            [layer.query, layer.key, layer.value, layer.output].map { LowRank($0, rank: rank, &random) }
        }
    }

    /// All tensors in a fixed order.
    package var tensors: [Matrix] {
        get { [projector.weights, projector.bias, projector.gain, projector.shift] + blocks.flatMap { $0.flatMap { [$0.down, $0.up] } } }
        set {
            precondition(newValue.count == 4 + blocks.reduce(0) { $0 + 2 * $1.count }, "as many tensors as before")
            (projector.weights, projector.bias, projector.gain, projector.shift) = (newValue[0], newValue[1], newValue[2], newValue[3])
            var next = 4
            for block in blocks.indices {
                for index in blocks[block].indices {
                    blocks[block][index] = LowRank(down: newValue[next], up: newValue[next + 1])
                    next += 2
                }
            }
        }
    }

    /// The same shapes, all zero.
    package var zeros: AdapterParameters {
        var zeros = self
        zeros.tensors = tensors.map { Matrix(rows: $0.rowCount, columns: $0.columnCount) }
        return zeros
    }

    package mutating func add(_ other: AdapterParameters) {
        var sums = tensors
        for (index, tensor) in other.tensors.enumerated() { sums[index].add(tensor) }
        tensors = sums
    }
}
