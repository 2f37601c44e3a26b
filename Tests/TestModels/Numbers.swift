// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

/// Invented weights: the same every time, between -0.5 and 0.5.
struct Numbers {
    private var state: Double

    init(_ seed: Double = 0.5) { state = seed }

    mutating func draw(_ count: Int, scale: Float = 1) -> [Float] {
        (0..<count).map { _ in
            state = (state * 9301 + 0.2113).truncatingRemainder(dividingBy: 1)
            return Float(state - 0.5) * scale
        }
    }
}

extension GGUFWriter {
    mutating func addOnes(_ name: String, _ count: Int) { add(tensor: name, shape: [count], values: (0..<count).map { 1 + 0.05 * Float($0 % 5) }, as: .f32) }
}
