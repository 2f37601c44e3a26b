// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTensor

/// Adam with decoupled decay (Loshchilov and Hutter, arXiv 1711.05101), the decay drawing towards where training started
/// rather than to zero (Li et al., arXiv 1802.01483): the closed form is the prior.
package struct AdamW: Equatable {
    /// What it keeps between steps.
    package var first: [Matrix]
    package var second: [Matrix]
    /// Steps taken.
    package var step = 0

    /// How slowly the second moments forget.
    package var beta2 = 0.999

    static let beta1 = 0.9, epsilon: Float = 1e-8

    package init(_ tensors: [Matrix]) {
        first = tensors.map { Matrix(rows: $0.rowCount, columns: $0.columnCount) }
        second = first
    }

    /// One tensor's pace.
    package struct Pace {
        package var rate: Float
        /// Share of the way to `anchor` that each step goes, times `rate`.
        package var decay: Float
        package var anchor: Matrix?

        package init(rate: Float, decay: Float = 0, anchor: Matrix? = nil) {
            self.rate = rate
            self.decay = decay
            self.anchor = anchor
        }
    }

    package mutating func update(_ tensors: inout [Matrix], gradients: [Matrix], paces: [Pace]) {
        step += 1
        let unbias1 = Float(1 / (1 - pow(Self.beta1, Double(step)))), unbias2 = Float(1 / (1 - pow(beta2, Double(step))))
        let keep = Float(beta2), take = Float(1 - beta2)
        for index in tensors.indices {
            let pace = paces[index]
            for row in 0..<tensors[index].rowCount {
                let anchor = pace.anchor?.row(row)
                gradients[index].withRow(row) { gradient in
                    tensors[index].withMutableRow(row) { value in
                        first[index].withMutableRow(row) { m in
                            second[index].withMutableRow(row) { v in
                                for i in value.indices {
                                    m[i] = Float(Self.beta1) * m[i] + Float(1 - Self.beta1) * gradient[i]
                                    v[i] = keep * v[i] + take * gradient[i] * gradient[i]
                                    if let anchor { value[i] -= pace.rate * pace.decay * (value[i] - anchor[i]) }
                                    value[i] -= pace.rate * (m[i] * unbias1) / ((v[i] * unbias2).squareRoot() + Self.epsilon)
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
