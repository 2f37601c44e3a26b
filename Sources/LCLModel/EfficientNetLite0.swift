// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// EfficientNet-Lite0's weights, batch norm folded, packed for our kernels: immutable, shared by all threads.
///
/// Tan and Le, EfficientNet (arXiv 1905.11946), in its Lite form: no squeeze-and-excitation, ReLU6, stem and head not scaled.
public final class EfficientNetLite0: Sendable {
    public static let architecture = "efficientnet-lite0"
    /// Side of the square input, pixels.
    public static let inputSize = 224
    public static let classCount = 1000
    public static let defaultTaps: [Tap] = [.depthwise(block: 11, .max), .depthwise(block: 15, .max)]

    static let stemChannels = 32
    static let headChannels = 1280

    /// One inverted residual block (Sandler et al., MobileNetV2, arXiv 1801.04381): 1x1 up, depthwise, 1x1 down.
    struct Block {
        let kernel: Int, stride: Int, expansion: Int, inputs: Int, outputs: Int

        var expanded: Int { inputs * expansion }
        var isResidual: Bool { stride == 1 && inputs == outputs }
    }

    /// Repeats, kernel, stride of the first, expansion, inputs of the first, outputs: the paper's table 1.
    static let blocks: [Block] = [
        (1, 3, 1, 1, 32, 16), (2, 3, 2, 6, 16, 24), (2, 5, 2, 6, 24, 40), (3, 3, 2, 6, 40, 80), (3, 5, 1, 6, 80, 112),
        (4, 5, 2, 6, 112, 192), (1, 3, 1, 6, 192, 320),
    ].flatMap { repeats, kernel, stride, expansion, inputs, outputs in
        (0..<repeats).map {
            Block(kernel: kernel, stride: $0 == 0 ? stride : 1, expansion: expansion, inputs: $0 == 0 ? inputs : outputs, outputs: outputs)
        }
    }

    struct BlockWeights {
        /// Absent where the expansion is 1.
        let expand: LinearLayer?
        let depthwise: DepthwiseLayer
        let project: LinearLayer
    }

    let stem: LinearLayer
    let blocks: [BlockWeights]
    let head: LinearLayer
    let classifier: LinearLayer
    /// Where to look closer; needed by taps such as `closer.d11.max`.
    public let mask: ForegroundMask?

    /// - Throws: ``ModelError`` where the file is not this network.
    public init(gguf: GGUFFile, mask: ForegroundMask? = nil) throws(ModelError) {
        self.mask = mask
        let found = try gguf.string("general.architecture")
        guard found == Self.architecture else {
            throw ModelError(.unsupported, file: gguf.path, item: "general.architecture", "it is '\(found)', not '\(Self.architecture)'")
        }
        let size = try gguf.integer("\(Self.architecture).input_size")
        guard size == Self.inputSize else {
            throw ModelError(.unsupported, file: gguf.path, item: "\(Self.architecture).input_size", "it is \(size), not \(Self.inputSize)")
        }
        stem = try Self.stem(gguf)
        var blocks: [BlockWeights] = []
        for (index, block) in Self.blocks.enumerated() { blocks.append(try Self.weights(gguf, block, "block.\(index)")) }
        self.blocks = blocks
        head = try Self.linear(gguf, "head", Self.blocks.last!.outputs, Self.headChannels, relu6: true)
        classifier = try Self.linear(gguf, "classifier", Self.headChannels, Self.classCount, relu6: false)
    }

    /// The same network with another mask, or none.
    public init(_ network: EfficientNetLite0, mask: ForegroundMask?) {
        (stem, blocks, head, classifier) = (network.stem, network.blocks, network.head, network.classifier)
        self.mask = mask
    }

    /// Length of a tap's vector: 672 for `d11.max`. `nil` where the network by itself has no such tap.
    public static func dimension(of tap: Tap) -> Int? {
        switch tap {
        case .depthwise(let block, _): blocks.indices.contains(block) ? blocks[block].expanded : nil
        case .output(let block, _): blocks.indices.contains(block) ? blocks[block].outputs : nil
        case .head: headChannels
        case .closer, .doubt: nil
        }
    }

    private static func weights(_ gguf: GGUFFile, _ block: Block, _ name: String) throws(ModelError) -> BlockWeights {
        let channels = block.expanded
        return BlockWeights(
            expand: block.expansion == 1 ? nil : try linear(gguf, name + ".expand", block.inputs, channels, relu6: true),
            depthwise: DepthwiseLayer(
                kernel: block.kernel, stride: block.stride, channels: channels,
                weights: try gguf.floats(tensor: name + ".depthwise.weight", shape: [block.kernel, block.kernel, channels]),
                bias: try gguf.floats(tensor: name + ".depthwise.bias", shape: [channels])),
            project: try linear(gguf, name + ".project", channels, block.outputs, relu6: false))
    }

    private static func linear(_ gguf: GGUFFile, _ name: String, _ inputs: Int, _ outputs: Int, relu6: Bool) throws(ModelError) -> LinearLayer {
        let weights = try gguf.floats(tensor: name + ".weight", shape: [outputs, inputs])
        let bias = try gguf.floats(tensor: name + ".bias", shape: [outputs])
        return LinearLayer(weights: Matrix(rows: outputs, columns: inputs, weights), bias: bias, relu6: relu6)
    }

    /// The file has `[out][row][column][colour]`; ``Patches`` has a patch as `[column][row][colour]`.
    private static func stem(_ gguf: GGUFFile) throws(ModelError) -> LinearLayer {
        let stored = try gguf.floats(tensor: "stem.weight", shape: [stemChannels, 3, 3, 3])
        let bias = try gguf.floats(tensor: "stem.bias", shape: [stemChannels])
        var weights = Matrix(rows: stemChannels, columns: 27)
        for (index, value) in stored.enumerated() {
            let (out, place) = index.quotientAndRemainder(dividingBy: 27)
            let row = place / 9, column = place / 3 % 3, colour = place % 3
            weights[out, column * 9 + row * 3 + colour] = value
        }
        return LinearLayer(weights: weights, bias: bias, relu6: true)
    }
}
