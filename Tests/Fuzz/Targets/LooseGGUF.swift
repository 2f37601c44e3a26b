// SPDX-License-Identifier: Apache-2.0
import LCLModel

/// A GGUF file in the making, written without any of the scruples that `GGUFWriter` has: what it says need not be so.
package struct LooseGGUF: Sendable {
    package struct Tensor: Sendable {
        package var name: String
        /// Innermost first, as the file stores them.
        package var sides: [UInt64]
        /// GGML's number of the element type.
        package var type: UInt32 = 0
        package var bytes: [UInt8]
        /// Instead of where it lies.
        package var offset: UInt64?
    }

    package var alignment = 32
    package var metadata: [(key: String, value: GGUFValue)] = []
    package var tensors: [Tensor] = []

    package mutating func set(_ key: String, _ value: GGUFValue) {
        if let index = metadata.firstIndex(where: { $0.key == key }) { metadata[index].value = value } else { metadata.append((key, value)) }
    }

    /// F32, small values that differ; `shape` outermost first.
    package mutating func add(_ name: String, _ shape: [Int]) {
        let count = shape.reduce(1, *)
        var bytes = Bytes()
        for i in 0..<count {
            let value = Float(i * 37 % 64) / 256 - 0.1
            bytes.number(value.bitPattern)
        }
        tensors.append(Tensor(name: name, sides: shape.reversed().map { UInt64($0) }, bytes: bytes.bytes))
    }

    package func encoded() -> [UInt8] {
        var out = Bytes()
        out.number(UInt32(0x4655_4747))
        out.number(UInt32(3))
        out.number(UInt64(tensors.count))
        out.number(UInt64(metadata.count))
        for (key, value) in metadata {
            out.text(key)
            out.number(Bytes.kind(value))
            out.value(value)
        }
        var offset = 0
        for tensor in tensors {
            out.text(tensor.name)
            out.number(UInt32(tensor.sides.count))
            for side in tensor.sides { out.number(side) }
            out.number(tensor.type)
            out.number(tensor.offset ?? UInt64(offset))
            offset = aligned(offset + tensor.bytes.count)
        }
        for tensor in tensors {
            out.bytes += [UInt8](repeating: 0, count: aligned(out.bytes.count) - out.bytes.count)
            out.bytes += tensor.bytes
        }
        return out.bytes
    }

    private func aligned(_ size: Int) -> Int { (size + alignment - 1) / alignment * alignment }
}

/// A growing file, little-endian.
private struct Bytes {
    var bytes: [UInt8] = []

    mutating func number(_ value: some FixedWidthInteger) { Swift.withUnsafeBytes(of: value.littleEndian) { bytes += [UInt8]($0) } }

    mutating func text(_ text: String) {
        number(UInt64(text.utf8.count))
        bytes += Array(text.utf8)
    }

    /// A value without its type; an array is of its first element's type, whatever the others are.
    mutating func value(_ value: GGUFValue) {
        switch value {
        case .uint8(let x): number(x)
        case .int8(let x): number(x)
        case .uint16(let x): number(x)
        case .int16(let x): number(x)
        case .uint32(let x): number(x)
        case .int32(let x): number(x)
        case .uint64(let x): number(x)
        case .int64(let x): number(x)
        case .float32(let x): number(x.bitPattern)
        case .float64(let x): number(x.bitPattern)
        case .bool(let x): number(x ? UInt8(1) : 0)
        case .string(let x): text(x)
        case .array(let values):
            number(values.first.map(Self.kind) ?? 0)
            number(UInt64(values.count))
            for element in values { self.value(element) }
        }
    }

    static func kind(_ value: GGUFValue) -> UInt32 {
        switch value {
        case .uint8: 0
        case .int8: 1
        case .uint16: 2
        case .int16: 3
        case .uint32: 4
        case .int32: 5
        case .float32: 6
        case .bool: 7
        case .string: 8
        case .array: 9
        case .uint64: 10
        case .int64: 11
        case .float64: 12
        }
    }
}
