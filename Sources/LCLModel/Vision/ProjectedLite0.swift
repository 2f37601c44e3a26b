// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// EfficientNet-Lite0 with a linear projector: a picture's taps become a few embeddings of a language model.
///
/// Beside the encoder's own keys and tensors, or in a file of its own, the projector has `efficientnet-lite0.projector.taps` (an array such as `d11.max`),
/// `efficientnet-lite0.projector.positions`, `mm.0.weight` `[positions * width x taps joined]` and `mm.0.bias`. Where it has
/// `mm.space.0.mean` and `mm.space.0.map` (one pair for each tap, in order), the projector reads the taps in that ``FeatureSpace``; where it
/// has `mm.norm.weight` and `mm.norm.bias` `[width]`, each position's outputs are normalised by their mean and deviation.
struct ProjectedLite0: VisionNetwork {
    let width: Int
    let positions: Int
    let frame = PictureFrame.none
    let input = PictureInput(
        side: EfficientNetLite0.inputSize, fit: .crop, filter: .bicubic, mean: SIMD3(repeating: 127.0 / 255),
        deviation: SIMD3(repeating: 128.0 / 255))
    private let network: EfficientNetLite0
    private let taps: [Tap]
    private let space: FeatureSpace?
    private let projector: StoredLinear
    private let norm: LayerNorm?
    private let threads: Int

    static let normEpsilon: Float = 1e-5

    /// - Throws: ``ModelError`` where a file is not this network, or has no projector.
    init(_ encoder: GGUFFile, projector file: GGUFFile, threads: Int) throws(ModelError) {
        let name = EfficientNetLite0.architecture, tapsKey = "\(name).projector.taps", positionsKey = "\(name).projector.positions"
        network = try EfficientNetLite0(gguf: encoder)
        self.threads = threads
        guard let names = file[tapsKey]?.array, (1...32).contains(names.count) else {
            throw file.wrong(tapsKey, "1 to 32 taps are needed, such as 'd11.max': a file with a projector says what it reads")
        }
        var taps: [Tap] = [], inputs = 0
        for name in names {
            guard let tap = name.string.flatMap(Tap.init), let columns = EfficientNetLite0.dimension(of: tap) else {
                throw file.wrong(tapsKey, "each must be a tap such as 'd11.max', 'b10.mean' or 'head.mean'")
            }
            taps.append(tap)
            inputs += columns
        }
        self.taps = taps
        space = try Self.space(file, taps)
        inputs = space?.width ?? inputs
        positions = try file.integer(positionsKey)
        let rows = file.tensor("mm.0.weight")?.shape.first ?? 0
        guard (1...1024).contains(positions), rows % (positions * 16) == 0 else {
            throw file.wrong(positionsKey, "it is \(positions): the projector's \(rows) outputs must be so many rows, of a multiple of 16 each")
        }
        width = rows / positions
        projector = StoredLinear(
            try file.stored("mm.0.weight", rows: rows, columns: inputs), bias: try file.optionalFloats("mm.0.bias", count: rows))
        norm = try file.optionalFloats("mm.norm.weight", count: width).map { [width] weight throws(ModelError) in
            LayerNorm(weight: weight, bias: try file.floats(tensor: "mm.norm.bias", shape: [width]), epsilon: Self.normEpsilon)
        }
    }

    private static func space(_ file: GGUFFile, _ taps: [Tap]) throws(ModelError) -> FeatureSpace? {
        guard file.tensor("mm.space.0.mean") != nil else { return nil }
        var parts: [FeatureSpace.Part] = []
        for (index, tap) in taps.enumerated() {
            let inputs = EfficientNetLite0.dimension(of: tap)!, map = try file.matrix(tensor: "mm.space.\(index).map")
            guard map.columnCount == inputs else { throw file.wrong("mm.space.\(index).map", "it has \(map.columnCount) columns; '\(tap)' gives \(inputs)") }
            parts.append(FeatureSpace.Part(tap: tap.description, mean: try file.floats(tensor: "mm.space.\(index).mean", shape: [inputs]), map: map))
        }
        return FeatureSpace(parts)
    }

    func embeddings(_ squares: [[UInt8]], alive: () throws -> Void) rethrows -> [Matrix] {
        try alive()
        let features = features(squares), projected = projector(space?.embed(features) ?? features, threads: threads)  // [squares x positions * width]
        return squares.indices.map { square in
            let rows = Matrix(rows: positions, columns: width, projected.row(square))
            return norm.map { rows.layerNormalized($0, threads: 1) } ?? rows
        }
    }

    private func features(_ squares: [[UInt8]]) -> Matrix {
        squares.joined().withContiguous { VisionEncoder(network: network, taps: taps).features($0, count: squares.count) }
    }
}

extension Sequence<UInt8> {
    fileprivate func withContiguous<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R { Array(self).withUnsafeBufferPointer(body) }
}
