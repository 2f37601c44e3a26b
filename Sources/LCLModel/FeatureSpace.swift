// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// Where pictures are compared: raw features to unit vectors whose dot product is the mean of the taps' cosines.
///
/// Each tap for itself: square root (the power transform of Hu et al., arXiv 2006.03806), minus the training mean, length
/// 1, and in a learned space a linear map and length 1 again; then all taps joined, each scaled by 1 / sqrt(taps).
public struct FeatureSpace: Sendable {
    /// One tap's part of the space.
    public struct Part: Sendable {
        /// The tap's name, such as `d11.max`.
        public let tap: String
        /// Mean of the square roots over the training pictures: [inputs].
        public let mean: [Float]
        /// The learned map: [outputs x inputs]; `nil` compares the features as they are.
        public let map: Matrix?

        public init(tap: String, mean: [Float], map: Matrix? = nil) {
            precondition(map == nil || map!.columnCount == mean.count, "a map takes what the tap gives")
            self.tap = tap
            self.mean = mean
            self.map = map
        }

        var outputs: Int { map?.rowCount ?? mean.count }
    }

    public let parts: [Part]
    private let layers: [LinearLayer?]
    /// Columns of each part in a row of raw features, and in an embedded row.
    private let inputs: [Range<Int>]
    private let outputs: [Range<Int>]

    public init(_ parts: [Part]) {
        self.parts = parts
        layers = parts.map { part in part.map.map { LinearLayer(weights: $0) } }
        inputs = Self.joined(parts.map(\.mean.count))
        outputs = Self.joined(parts.map(\.outputs))
    }

    /// Width of a row of raw features.
    public var featureWidth: Int { inputs.last?.upperBound ?? 0 }
    /// Width of an embedded row.
    public var width: Int { outputs.last?.upperBound ?? 0 }

    /// [n x featureWidth] -> [n x width]; each row depends on its own features alone, bit for bit.
    public func embed(_ features: Matrix) -> Matrix {
        precondition(features.columnCount == featureWidth, "features of this space's taps")
        var embedded = Matrix(rows: features.rowCount, columns: width)
        for (index, part) in parts.enumerated() {
            let centred = Self.centred(features.columns(inputs[index]), mean: part.mean)
            copy(layers[index].map { $0(centred) } ?? centred, into: &embedded, at: outputs[index])
        }
        normalizeParts(&embedded)
        return embedded
    }

    /// Square roots (of negative values: 0) minus `mean`, at length 1: [n x inputs] -> [n x inputs].
    public static func centred(_ features: Matrix, mean: [Float]) -> Matrix {
        var rows = features.map { $0 > 0 ? $0.squareRoot() : 0 }
        rows.subtractFromRows(mean)
        rows.normalizeRows()
        return rows
    }

    /// Scales each part of every row to the length 1 / sqrt(parts), so that the row has length 1; zeros stay.
    public func normalizeParts(_ rows: inout Matrix) {
        for row in 0..<rows.rowCount {
            rows.withMutableRow(row) { values in
                for part in outputs {
                    var square: Float = 0
                    for column in part { square += values[column] * values[column] }
                    guard square > 0 else { continue }
                    let scale = 1 / (square * Float(parts.count)).squareRoot()
                    for column in part { values[column] *= scale }
                }
            }
        }
    }

    private func copy(_ block: Matrix, into rows: inout Matrix, at columns: Range<Int>) {
        for row in 0..<rows.rowCount {
            block.withRow(row) { source in
                rows.withMutableRow(row) { target in
                    for (column, value) in zip(columns, source) { target[column] = value }
                }
            }
        }
    }

    private static func joined(_ lengths: [Int]) -> [Range<Int>] {
        var start = 0
        return lengths.map { length in
            defer { start += length }
            return start..<start + length
        }
    }
}
