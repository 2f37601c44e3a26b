// SPDX-License-Identifier: Apache-2.0

/// A metadata value of any of the format's types.
public indirect enum GGUFValue: Equatable, Sendable {
    case uint8(UInt8), int8(Int8), uint16(UInt16), int16(Int16), uint32(UInt32), int32(Int32), uint64(UInt64), int64(Int64)
    case float32(Float), float64(Double), bool(Bool), string(String)
    case array([GGUFValue])

    /// The number that stands for this type in a file.
    enum Kind: UInt32 {
        case uint8 = 0, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

        /// The fewest bytes that a value of this type takes in a file.
        var minimumSize: Int {
            switch self {
            case .uint8, .int8, .bool: 1
            case .uint16, .int16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64, .string: 8
            case .array: 12
            }
        }
    }

    var kind: Kind {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .uint64: .uint64
        case .int64: .int64
        case .float32: .float32
        case .float64: .float64
        case .bool: .bool
        case .string: .string
        case .array: .array
        }
    }

    /// Any integer that fits.
    public var integer: Int? {
        switch self {
        case .uint8(let x): Int(x)
        case .int8(let x): Int(x)
        case .uint16(let x): Int(x)
        case .int16(let x): Int(x)
        case .uint32(let x): Int(x)
        case .int32(let x): Int(x)
        case .uint64(let x): Int(exactly: x)
        case .int64(let x): Int(x)
        default: nil
        }
    }

    /// Either floating-point type.
    public var float: Float? {
        switch self {
        case .float32(let x): x
        case .float64(let x): Float(x)
        default: nil
        }
    }

    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    public var array: [GGUFValue]? {
        if case .array(let values) = self { values } else { nil }
    }
}

/// Where a tensor lies and what it is.
public struct GGUFTensor: Equatable, Sendable {
    public let name: String
    /// Outermost first (the file stores them innermost first).
    public let shape: [Int]
    public let type: ElementType
    /// From the start of the file.
    let offset: Int
    public let byteCount: Int

    public var elementCount: Int { shape.reduce(1, *) }

    /// The number that stands for a tensor's type in a file. The quantised ones have blocks of more than one element.
    public enum ElementType: UInt32, Sendable {
        case f32 = 0
        case f16 = 1

        /// Elements that are stored together, and the bytes they take.
        var block: (elements: Int, bytes: Int) {
            switch self {
            case .f32: (1, 4)
            case .f16: (1, 2)
            }
        }

        public var name: String { self == .f32 ? "F32" : "F16" }
    }
}
