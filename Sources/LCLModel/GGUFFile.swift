// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// A GGUF file (versions 2 and 3, little-endian), memory-mapped, every count, length and offset checked before use.
///
/// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
public final class GGUFFile: Sendable {
    public let path: String
    public let version: UInt32
    /// In the file's order.
    public var metadata: [(key: String, value: GGUFValue)] { fatalError() }
    /// In the file's order.
    public var tensors: [GGUFTensor] { fatalError() }

    /// - Throws: ``ModelError``: `notFound`, `unreadable`, `malformed` or `unsupported`.
    public init(path: String) throws(ModelError) { fatalError() }

    public subscript(key: String) -> GGUFValue? { fatalError() }

    // What a network needs, or an error naming the key or tensor.
    public func string(_ key: String) throws(ModelError) -> String { fatalError() }
    public func integer(_ key: String) throws(ModelError) -> Int { fatalError() }
    public func float(_ key: String) throws(ModelError) -> Float { fatalError() }
    public func floats(_ key: String) throws(ModelError) -> [Float] { fatalError() }

    public func tensor(_ name: String) -> GGUFTensor? { fatalError() }

    /// A tensor of this shape (outermost first, so `[rows, columns]`), converted to `Float`, row-major.
    public func floats(tensor name: String, shape: [Int]) throws(ModelError) -> [Float] { fatalError() }

    /// A 2-dimensional tensor; 1-dimensional ones are one row.
    public func matrix(tensor name: String) throws(ModelError) -> Matrix { fatalError() }
}

/// A metadata value of any of the format's types.
public indirect enum GGUFValue: Equatable, Sendable {
    case uint8(UInt8), int8(Int8), uint16(UInt16), int16(Int16), uint32(UInt32), int32(Int32), uint64(UInt64), int64(Int64)
    case float32(Float), float64(Double), bool(Bool), string(String)
    case array([GGUFValue])
}

/// Where a tensor lies and what it is.
public struct GGUFTensor: Equatable, Sendable {
    public let name: String
    /// Outermost first (the file stores them innermost first).
    public let shape: [Int]
    public let type: ElementType
    public let byteCount: Int

    public enum ElementType: UInt32, Sendable {
        case f32 = 0
        case f16 = 1
    }
}
