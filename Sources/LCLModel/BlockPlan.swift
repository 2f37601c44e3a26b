// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// One block's weights with its geometry: sides of its pictures, and the strips and planes it is computed in.
struct BlockPlan {
    /// Output rows at a time: large pictures go in strips, so that what lies between the three convolutions fits the cache.
    private static let stripRows = 14

    let weights: EfficientNetLite0.BlockWeights
    let isResidual: Bool
    /// Side of the input and of the output, pixels.
    let inputSide: Int
    let side: Int
    /// Channels that are expanded together.
    let panels: [Range<Int>]

    static func plan(_ network: EfficientNetLite0) -> [BlockPlan] {
        zip(EfficientNetLite0.blocks, network.blocks).enumerated().map { index, block in
            let (shape, weights) = block
            return BlockPlan(
                weights: weights, isResidual: shape.isResidual, inputSide: sides[index], side: sides[index] / shape.stride,
                panels: weights.expand?.panels ?? [0..<shape.inputs])
        }
    }

    /// The side of each block's input.
    private static let sides: [Int] = {
        var side = EfficientNetLite0.inputSize / 2
        return EfficientNetLite0.blocks.map { block in
            defer { side /= block.stride }
            return side
        }
    }()

    /// The side of a stage's picture.
    static func side(_ stage: Stage) -> Int {
        let block =
            switch stage {
            case .depthwise(let block), .output(let block): block
            case .head: sides.count - 1
            }
        return sides[block] / EfficientNetLite0.blocks[block].stride
    }

    var strips: [Range<Int>] {
        stride(from: 0, to: side, by: Self.stripRows).map { $0..<min($0 + Self.stripRows, side) }
    }

    // MARK: Pictures

    func output(in scratch: Scratch) -> Picture {
        Picture(width: side, height: side, channels: weights.project.outputs, in: scratch)
    }

    func convolved(rows: Int, in scratch: Scratch) -> Picture {
        Picture(width: side, height: rows, channels: weights.depthwise.channels, in: scratch)
    }

    /// Some expanded channels of the input rows that a strip needs: rows outside the picture are rows of it, columns are its border.
    func expanded(rows: Int, channels: Int, in scratch: Scratch) -> Picture {
        Picture(width: inputSide, height: rows, channels: channels, border: expandedBorder, in: scratch)
    }

    private var expandedBorder: Picture.Border {
        Picture.Border(left: weights.depthwise.padding.before, right: weights.depthwise.padding.after)
    }

    // MARK: Floats they take at most

    var outputSize: Int { Picture.size(width: side, height: side, channels: weights.project.outputs) }

    var convolvedSize: Int {
        Picture.size(width: side, height: strips.map(\.count).max()!, channels: weights.depthwise.channels)
    }

    var expandedSize: Int {
        let rows = strips.map { weights.depthwise.inputRows(for: $0).count }.max()!
        return Picture.size(width: inputSide, height: rows, channels: panels.map(\.count).max()!, border: expandedBorder)
    }
}
