// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTensor

/// What gradient training learns of a metric; also the shape of a gradient and of the optimiser's moments.
package struct MetricParameters: Equatable {
    /// One for each tap, [outputs x outputs]: applied after the closed-form map, and the identity at the start.
    package var maps: [Matrix]
    /// Logarithms of the temperatures of episodes and of the original task: [1 x 2].
    package var temperatures: Matrix
    /// The original task's class vectors, one matrix for each tap, [classes x outputs]; none where it is not trained on.
    package var classVectors: [Matrix]

    /// The closed-form metric as it is.
    package init(widths: [Int], temperature: Float, classVectors: [Matrix] = []) {
        maps = widths.map { width in
            var identity = Matrix(rows: width, columns: width)
            for index in 0..<width { identity[index, index] = 1 }
            return identity
        }
        temperatures = Matrix([[log(temperature), log(temperature)]])
        self.classVectors = classVectors
    }

    /// All tensors in a fixed order.
    package var tensors: [Matrix] {
        get { maps + [temperatures] + classVectors }
        set {
            precondition(newValue.count == tensors.count, "as many tensors as before")
            maps = Array(newValue.prefix(maps.count))
            temperatures = newValue[maps.count]
            classVectors = Array(newValue.dropFirst(maps.count + 1))
        }
    }

    /// The same shapes, all zero.
    package var zeros: MetricParameters {
        var zeros = self
        zeros.tensors = tensors.map { Matrix(rows: $0.rowCount, columns: $0.columnCount) }
        return zeros
    }
}
