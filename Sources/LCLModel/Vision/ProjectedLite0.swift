// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// EfficientNet-Lite0 with a linear projector, in one file: a picture's taps become a few embeddings of a language model.
///
/// Beside the encoder's own keys and tensors the file has `efficientnet-lite0.projector.taps` (an array such as `d11.max`),
/// `efficientnet-lite0.projector.positions`, `mm.0.weight` `[positions * width x taps joined]` and `mm.0.bias`.
struct ProjectedLite0: VisionNetwork {
    let width: Int
    let positions: Int
    let frame = PictureFrame.none
    let input = PictureInput(
        side: EfficientNetLite0.inputSize, fit: .crop, filter: .bicubic, mean: SIMD3(repeating: 127.0 / 255),
        deviation: SIMD3(repeating: 128.0 / 255))
    private let network: EfficientNetLite0
    private let taps: [Tap]
    private let projector: StoredLinear
    private let threads: Int

    /// - Throws: ``ModelError`` where the file is not this network, or has no projector.
    init(_ file: GGUFFile, threads: Int) throws(ModelError) {
        let name = EfficientNetLite0.architecture, tapsKey = "\(name).projector.taps", positionsKey = "\(name).projector.positions"
        network = try EfficientNetLite0(gguf: file)
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
        positions = try file.integer(positionsKey)
        let rows = file.tensor("mm.0.weight")?.shape.first ?? 0
        guard (1...1024).contains(positions), rows % (positions * 16) == 0 else {
            throw file.wrong(positionsKey, "it is \(positions): the projector's \(rows) outputs must be so many rows, of a multiple of 16 each")
        }
        width = rows / positions
        projector = StoredLinear(
            try file.stored("mm.0.weight", rows: rows, columns: inputs), bias: try file.optionalFloats("mm.0.bias", count: rows))
    }

    func embeddings(_ squares: [[UInt8]]) -> [Matrix] {
        let projected = projector(features(squares), threads: threads)  // [squares x positions * width]
        return squares.indices.map { Matrix(rows: positions, columns: width, projected.row($0)) }
    }

    private func features(_ squares: [[UInt8]]) -> Matrix {
        squares.joined().withContiguous { VisionEncoder(network: network, taps: taps).features($0, count: squares.count) }
    }
}

extension Sequence<UInt8> {
    fileprivate func withContiguous<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R { Array(self).withUnsafeBufferPointer(body) }
}
