// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor

/// Learns a ``ForegroundMask`` by gradient: cross-entropy of each cell's share, ``AdamW``, the rate falling to zero. The same examples and
/// seed give the same mask, bit for bit.
public struct MaskFit: Sendable {
    public var epochs = 5
    public var seed: UInt64 = 1
    var perStep = 32
    var rate: Float = 3e-3
    var decay: Float = 0.05

    public init() {}

    /// - Parameter source: whose pictures are left out.
    /// - Throws: ``TrainingError/tooFew(what:found:needed:)``.
    public func fit(_ examples: MaskExamples, without source: String? = nil, provenance: [String] = []) throws(TrainingError) -> ForegroundMask {
        let pictures = examples.sources.indices.filter { examples.sources[$0] != source }
        guard pictures.count >= perStep else { throw .tooFew(what: "pictures with a mask", found: pictures.count, needed: perStep) }
        let scale = Scale(pictures.map { examples.maps[$0] })
        var random = SeededRandom(seed: seed, 0x3a5c), parameters = MaskParameters(&random), optimizer = AdamW(parameters.tensors)
        let steps = pictures.count / perStep * epochs
        for _ in 0..<epochs {
            let order = random.sample(pictures.count, of: pictures)
            for first in stride(from: 0, through: order.count - perStep, by: perStep) {
                let batch = order[first..<first + perStep]
                let loss = MaskLoss(
                    Matrix(joining: batch.map { scale.surroundings(examples.maps[$0]) }), shares: batch.flatMap { examples.shares.row($0) }, parameters)
                let pace = rate * (1 - Float(optimizer.step) / Float(steps + 1))
                let paces = parameters.tensors.map { AdamW.Pace(rate: pace, decay: decay, anchor: Matrix(rows: $0.rowCount, columns: $0.columnCount)) }
                optimizer.update(&parameters.tensors, gradients: loss.gradient.tensors, paces: paces)
            }
        }
        return parameters.mask(scale, provenance)
    }

    /// What each channel of the maps is measured in.
    struct Scale {
        let mean: [Float]
        /// 1 over the standard deviation.
        let factor: [Float]

        init(_ maps: [Matrix]) {
            let means = Matrix(maps.map { $0.meanRow() }), squares = Matrix(maps.map { map in map.map { $0 * $0 }.meanRow() })
            mean = means.meanRow()
            factor = zip(squares.meanRow(), mean).map { 1 / max($0 - $1 * $1, 1e-6).squareRoot() }
        }

        func surroundings(_ map: Matrix) -> Matrix { scaled(ForegroundMask.surroundings(map, less: mean)) }

        /// Each column by its channel's factor.
        func scaled(_ rows: Matrix) -> Matrix {
            var rows = rows
            for row in 0..<rows.rowCount {
                rows.withMutableRow(row) { values in
                    for place in 0..<9 {
                        for (channel, factor) in factor.enumerated() { values[place * self.factor.count + channel] *= factor }
                    }
                }
            }
            return rows
        }
    }
}

/// What is learned, for maps in the units of ``MaskFit/Scale``.
package struct MaskParameters {
    /// Weights [hidden x 9 channels], bias [1 x hidden], sum [1 x hidden], offset [1 x 1].
    package var tensors: [Matrix]

    package init(tensors: [Matrix]) { self.tensors = tensors }

    /// Uniform, within 1 over the root of the inputs.
    init(_ random: inout SeededRandom) {
        let inputs = 9 * ForegroundMask.channels, hidden = ForegroundMask.hidden
        func uniform(_ rows: Int, _ columns: Int, inputs: Int) -> Matrix {
            let reach = 1 / Float(inputs).squareRoot()
            return Matrix(rows: rows, columns: columns, (0..<rows * columns).map { _ in (2 * Float(random.unit()) - 1) * reach })
        }
        tensors = [
            uniform(hidden, inputs, inputs: inputs), uniform(1, hidden, inputs: inputs), uniform(1, hidden, inputs: hidden), uniform(1, 1, inputs: hidden),
        ]
    }

    fileprivate func mask(_ scale: MaskFit.Scale, _ provenance: [String]) -> ForegroundMask {
        ForegroundMask(
            mean: scale.mean, weights: scale.scaled(tensors[0]), bias: tensors[1].row(0), sum: tensors[2].row(0), offset: tensors[3][0, 0],
            provenance: provenance)
    }
}

/// The mean cross-entropy of cells, and how it changes with the parameters.
package struct MaskLoss {
    package private(set) var value = 0.0
    package let gradient: MaskParameters

    /// - Parameters:
    ///   - rows: each cell's surroundings: [cells x 9 channels].
    ///   - shares: the foreground's of each cell.
    package init(_ rows: Matrix, shares: [Float], _ parameters: MaskParameters) {
        let (weights, bias, sum, offset) = (parameters.tensors[0], parameters.tensors[1].row(0), parameters.tensors[2].row(0), parameters.tensors[3][0, 0])
        var hidden = rows.timesTransposed(weights)
        hidden.addToRows(bias)
        var sums = [Float](repeating: 0, count: sum.count), total: Float = 0, value = 0.0
        for (row, share) in shares.enumerated() {
            hidden.withMutableRow(row) { values in
                var logit = offset
                for unit in values.indices { logit += min(max(values[unit], 0), 6) * sum[unit] }
                value += Double(max(logit, 0) - logit * share) + log1p(exp(-Double(abs(logit))))
                let slope = (1 / (1 + exp(-logit)) - share) / Float(shares.count)
                total += slope
                // From here on: how the loss changes with what the unit was before it was cut off.
                for unit in values.indices {
                    let before = values[unit]
                    sums[unit] += slope * min(max(before, 0), 6)
                    values[unit] = before > 0 && before < 6 ? slope * sum[unit] : 0
                }
            }
        }
        self.value = value / Double(shares.count)
        let biases = hidden.meanRow().map { $0 * Float(shares.count) }
        gradient = MaskParameters(tensors: [hidden.transposedTimes(rows), Matrix([biases]), Matrix([sums]), Matrix([[total]])])
    }
}
