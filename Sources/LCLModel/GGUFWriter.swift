// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// Builds a GGUF file (version 3, alignment 32) in memory; the caller puts it on the disk durably.
///
/// The same keys and tensors in the same order are the same bytes.
public struct GGUFWriter: Sendable {
    private var metadata: [(key: String, value: GGUFValue)] = []
    private var tensors: [(name: String, shape: [Int], type: GGUFTensor.ElementType, bytes: [UInt8])] = []

    public init(architecture: String) { set("general.architecture", .string(architecture)) }

    /// A key that was set before keeps its place and gets this value. `value` is no mixed array: that is our bug.
    public mutating func set(_ key: String, _ value: GGUFValue) {
        if let index = metadata.firstIndex(where: { $0.key == key }) {
            metadata[index].value = value
        } else {
            metadata.append((key, value))
        }
    }

    /// - Parameter shape: outermost first.
    public mutating func add(tensor name: String, shape: [Int], values: [Float], as type: GGUFTensor.ElementType) {
        precondition(shape.reduce(1, *) == values.count && shape.count <= 4, "values for the shape \(shape)")
        precondition(!tensors.contains { $0.name == name } && name.utf8.count <= GGUFParser.maximumNameLength, "a new name")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * type.block.bytes)
        for value in values {
            switch type {
            case .f32: bytes.append(littleEndian: value.bitPattern)
            case .f16: bytes.append(littleEndian: Float16(value).bitPattern)
            }
        }
        tensors.append((name, shape, type, bytes))
    }

    public mutating func add(tensor name: String, _ matrix: Matrix, as type: GGUFTensor.ElementType) {
        add(tensor: name, shape: [matrix.rowCount, matrix.columnCount], values: matrix.elements, as: type)
    }

    public func encoded() -> [UInt8] {
        var out: [UInt8] = []
        out.append(littleEndian: GGUFParser.magic)
        out.append(littleEndian: UInt32(3))
        out.append(littleEndian: UInt64(tensors.count))
        out.append(littleEndian: UInt64(metadata.count))
        for (key, value) in metadata {
            out.append(string: key)
            out.append(littleEndian: value.kind.rawValue)
            out.append(value)
        }
        var offset = 0
        for tensor in tensors {
            out.append(string: tensor.name)
            out.append(littleEndian: UInt32(tensor.shape.count))
            for side in tensor.shape.reversed() { out.append(littleEndian: UInt64(side)) }
            out.append(littleEndian: tensor.type.rawValue)
            out.append(littleEndian: UInt64(offset))
            offset = Self.aligned(offset + tensor.bytes.count)
        }
        for tensor in tensors {
            out.append(contentsOf: repeatElement(0, count: Self.aligned(out.count) - out.count))
            out.append(contentsOf: tensor.bytes)
        }
        return out
    }

    private static func aligned(_ size: Int) -> Int {
        (size + GGUFParser.defaultAlignment - 1) / GGUFParser.defaultAlignment * GGUFParser.defaultAlignment
    }
}

extension [UInt8] {
    fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    fileprivate mutating func append(string text: String) {
        append(littleEndian: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    /// A value without its type.
    fileprivate mutating func append(_ value: GGUFValue) {
        switch value {
        case .uint8(let x): append(x)
        case .int8(let x): append(littleEndian: x)
        case .uint16(let x): append(littleEndian: x)
        case .int16(let x): append(littleEndian: x)
        case .uint32(let x): append(littleEndian: x)
        case .int32(let x): append(littleEndian: x)
        case .uint64(let x): append(littleEndian: x)
        case .int64(let x): append(littleEndian: x)
        case .float32(let x): append(littleEndian: x.bitPattern)
        case .float64(let x): append(littleEndian: x.bitPattern)
        case .bool(let x): append(x ? 1 : 0)
        case .string(let x): append(string: x)
        case .array(let values):
            let kind = values.first?.kind ?? .uint8
            precondition(values.allSatisfy { $0.kind == kind }, "an array has one type")
            append(littleEndian: kind.rawValue)
            append(littleEndian: UInt64(values.count))
            for value in values { append(value) }
        }
    }
}
