// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// Builds a GGUF file (version 3) in memory; the caller puts it on the disk durably.
public struct GGUFWriter {
    public init(architecture: String) { fatalError() }

    public mutating func set(_ key: String, _ value: GGUFValue) { fatalError() }

    public mutating func add(tensor name: String, shape: [Int], values: [Float], as type: GGUFTensor.ElementType) { fatalError() }

    public mutating func add(tensor name: String, _ matrix: Matrix, as type: GGUFTensor.ElementType) { fatalError() }

    public func encoded() -> [UInt8] { fatalError() }
}
