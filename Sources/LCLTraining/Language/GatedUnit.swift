// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTensor

/// silu(gate) * up, element by element (Shazeer, arXiv 2002.05202), and the way back. All `[n x feedForward]`.
package enum GatedUnit {
    package static func forward(gate: Matrix, up: Matrix) -> Matrix { gate.swiGLU(up) }

    /// silu'(g) = s (1 + g (1 - s)) with s = 1 / (1 + e^-g).
    package static func backward(_ gradient: Matrix, gate: Matrix, up: Matrix) -> (gate: Matrix, up: Matrix) {
        var byGate = gradient, byUp = gradient
        for row in 0..<gradient.rowCount {
            gate.withRow(row) { gate in
                byUp.withMutableRow(row) { byUp in
                    up.withRow(row) { up in
                        byGate.withMutableRow(row) { byGate in
                            for i in gate.indices {
                                let share = 1 / (1 + exp(-gate[i])), silu = gate[i] * share
                                byGate[i] *= up[i] * (share + silu * (1 - share))
                                byUp[i] *= silu
                            }
                        }
                    }
                }
            }
        }
        return (byGate, byUp)
    }
}
