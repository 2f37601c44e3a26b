// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// From a vision transformer's features to embeddings of a language model.
struct VisionProjector: Sendable {
    /// Of the language model.
    let width: Int
    private let shape: VisionConfiguration
    /// [width x features], and perhaps [width x width]
    private let first: StoredLinear
    private let second: StoredLinear?

    /// - Throws: ``ModelError``: `unsupported`, or `wrongContent` where a matrix is missing or of the wrong shape.
    init(_ file: GGUFFile, _ shape: VisionConfiguration) throws(ModelError) {
        self.shape = shape
        let names = try Self.names(file, shape.projector)
        first = try Self.linear(file, names[0], inputs: shape.width * shape.shuffle * shape.shuffle)
        second = names.count == 1 ? nil : try Self.linear(file, names[1], inputs: first.weights.rows)
        width = (second ?? first).weights.rows
    }

    /// `[pictures * patches x features] -> [pictures * positions x width]`
    func callAsFunction(_ features: Matrix, pictures: Int, threads: Int) -> Matrix {
        let near = shape.shuffle == 1 ? features : shuffled(features, pictures: pictures)
        guard let second else { return first(near, threads: threads) }
        return second(first(near, activation: .gelu, threads: threads), threads: threads)
    }

    /// `scale x scale` neighbours as one row: rows of neighbours, one after the other.
    private func shuffled(_ features: Matrix, pictures: Int) -> Matrix {
        let (grid, scale, width) = (shape.grid, shape.shuffle, shape.width), side = grid / scale
        var result = Matrix(rows: pictures * side * side, columns: scale * scale * width)
        for row in 0..<result.rowCount {
            let (picture, place) = row.quotientAndRemainder(dividingBy: side * side)
            result.withMutableRow(row) { to in
                for part in 0..<scale * scale {
                    let y = place / side * scale + part / scale, x = place % side * scale + part % scale
                    features.withRow(picture * grid * grid + y * grid + x) { _ = to[(part * width)...].update(from: $0) }
                }
            }
        }
        return result
    }

    /// Names of its one or two matrices. A single one is called `mm`, or has a number; two have the numbers of a list in which an
    /// activation counts too (0 and 2), or not (1 and 2).
    private static func names(_ file: GGUFFile, _ projector: VisionConfiguration.Projector) throws(ModelError) -> [String] {
        if projector == .idefics3 { return ["mm.model.fc"] }
        func has(_ name: String) -> Bool { file.tensor(name + ".weight") != nil }
        if has("mm") { return ["mm"] }
        let names = has("mm.0") ? ["mm.0", "mm.2"].filter(has) : ["mm.1", "mm.2"]
        guard names.allSatisfy(has) else { throw file.wrong("mm.0.weight", "this tensor is missing: the file has no projector that can be read") }
        if let more = (0..<10).map({ "mm.\($0)" }).first(where: { has($0) && !names.contains($0) }) {
            throw ModelError(.unsupported, file: file.path, item: more + ".weight", "a projector of more than two matrices is not read")
        }
        return names
    }

    private static func linear(_ file: GGUFFile, _ name: String, inputs: Int) throws(ModelError) -> StoredLinear {
        let rows = file.tensor(name + ".weight")?.shape.first ?? 0
        guard rows % 16 == 0 else { throw file.wrong(name + ".weight", "it has \(rows) outputs; a multiple of 16 is needed") }
        return StoredLinear(
            try file.stored(name + ".weight", rows: rows, columns: inputs), bias: try file.optionalFloats(name + ".bias", count: rows))
    }
}
