// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTensor

/// Says for each cell of a picture, 14 x 14, whether it shows the foreground: a 3x3 convolution over the map that block 10 gives, ReLU6,
/// and one sum. Learned from drawings whose outline is known (`lcl train --method mask`). Immutable, shared by all threads.
public final class ForegroundMask: Sendable {
    public static let architecture = "lcl-mask"
    static let version = 1

    /// Where the network gives the map.
    static let stage = Stage.output(10)
    /// Cells of a side.
    public static let side = 14
    public static let cells = side * side
    /// Of the map.
    public static let channels = EfficientNetLite0.dimension(of: .output(block: 10, .max))!
    /// Outputs of the convolution.
    public static let hidden = 32

    /// Subtracted from the map: [channels].
    public let mean: [Float]
    /// Of the convolution: [hidden x 9 channels], neighbours from the top left; and [hidden].
    public let weights: Matrix, bias: [Float]
    /// Of the sum: [hidden], and what is added.
    public let sum: [Float], offset: Float
    /// Where the pictures came from that it was learned from, one line each.
    public let provenance: [String]
    private let convolution: LinearLayer

    public init(mean: [Float], weights: Matrix, bias: [Float], sum: [Float], offset: Float, provenance: [String] = []) {
        precondition(mean.count == Self.channels && weights.rowCount == Self.hidden && weights.columnCount == 9 * Self.channels, "shapes of a mask")
        precondition(bias.count == Self.hidden && sum.count == Self.hidden, "shapes of a mask")
        (self.mean, self.weights, self.bias, self.sum, self.offset, self.provenance) = (mean, weights, bias, sum, offset, provenance)
        convolution = LinearLayer(weights: weights, bias: bias, relu6: true)
    }

    /// Each cell's chance to be foreground, 0 to 1, rows from the top.
    /// - Parameter map: [cells x channels].
    public func shares(_ map: Matrix) -> [Float] {
        let hidden = convolution(Self.surroundings(map, less: mean))
        return (0..<Self.cells).map { cell in
            let logit = hidden.withRow(cell) { zip($0, sum).reduce(offset) { $0 + $1.0 * $1.1 } }
            return 1 / (1 + exp(-logit))
        }
    }

    package func foreground(_ map: Matrix) -> Foreground { Foreground(shares(map)) }

    /// Each cell with its eight neighbours, from the top left, less the mean; zeros outside: [cells x 9 channels].
    public static func surroundings(_ map: Matrix, less mean: [Float]) -> Matrix {
        precondition(map.rowCount == cells && map.columnCount == mean.count, "a map of \(side) x \(side)")
        var rows = Matrix(rows: cells, columns: 9 * map.columnCount)
        for cell in 0..<cells {
            rows.withMutableRow(cell) { row in
                for place in 0..<9 {
                    let y = cell / side + place / 3 - 1, x = cell % side + place % 3 - 1
                    guard (0..<side).contains(y), (0..<side).contains(x) else { continue }
                    map.withRow(y * side + x) { from in
                        for channel in from.indices { row[place * from.count + channel] = from[channel] - mean[channel] }
                    }
                }
            }
        }
        return rows
    }
}

// MARK: - On the disk

extension ForegroundMask {
    /// - Throws: ``ModelError`` where the file is no mask.
    public convenience init(gguf file: GGUFFile) throws(ModelError) {
        guard try file.string("general.architecture") == Self.architecture else {
            throw ModelError(.unsupported, file: file.path, item: "general.architecture", "it is not of the architecture \(Self.architecture)")
        }
        guard try file.integer("lcl-mask.version") == Self.version else {
            throw ModelError(.unsupported, file: file.path, item: "lcl-mask.version", "this lcl reads \(Self.version); learn it again with `lcl train --method mask`")
        }
        func floats(_ name: String, _ shape: [Int]) throws(ModelError) -> [Float] {
            let values = try file.floats(tensor: name, shape: shape)
            guard values.allSatisfy({ abs($0) <= Self.greatest }) else { throw file.wrong(name, "it holds numbers that are not finite, or too large") }
            return values
        }
        self.init(
            mean: try floats("mean", [Self.channels]),
            weights: Matrix(rows: Self.hidden, columns: 9 * Self.channels, try floats("weights", [Self.hidden, 9 * Self.channels])),
            bias: try floats("bias", [Self.hidden]), sum: try floats("sum", [Self.hidden]), offset: try floats("offset", [1])[0],
            provenance: try file.string("lcl-mask.provenance").split(separator: "\n").map(String.init))
    }

    /// Beyond this the sums of a picture might not be finite.
    private static let greatest: Float = 1e6

    public func encoded() -> [UInt8] {
        var writer = GGUFWriter(architecture: Self.architecture)
        writer.set("general.license", .string("Apache-2.0"))
        writer.set("lcl-mask.version", .uint32(UInt32(Self.version)))
        writer.set("lcl-mask.provenance", .string(provenance.joined(separator: "\n")))
        writer.add(tensor: "mean", shape: [mean.count], values: mean, as: .f32)
        writer.add(tensor: "weights", weights, as: .f32)
        writer.add(tensor: "bias", shape: [bias.count], values: bias, as: .f32)
        writer.add(tensor: "sum", shape: [sum.count], values: sum, as: .f32)
        writer.add(tensor: "offset", shape: [1], values: [offset], as: .f32)
        return writer.encoded()
    }
}
