// SPDX-License-Identifier: Apache-2.0

/// Reads a GGUF file's head, byte by byte, trusting nothing: each count is compared with the bytes that are left before
/// anything is made of it, so time and memory are linear in the size of the file.
struct GGUFParser {
    static let magic: UInt32 = 0x4655_4747  // "GGUF"
    static let defaultAlignment = 32

    // Limits beyond the format's own, each far above what any known model has.
    static let maximumKeyLength = 65_535
    static let maximumNameLength = 64
    static let maximumArrayDepth = 4
    static let maximumArrayElements = 4_194_304

    private let bytes: UnsafeRawBufferPointer
    private let path: String
    private var position = 0
    private var arrayElements = 0
    /// What is being read, for the error.
    private var item: String?

    private(set) var version: UInt32 = 0
    private(set) var metadata: [(key: String, value: GGUFValue)] = []
    private(set) var keys: [String: Int] = [:]
    private(set) var tensors: [GGUFTensor] = []
    private(set) var names: [String: Int] = [:]

    init(_ bytes: UnsafeRawBufferPointer, path: String) throws(ModelError) {
        self.bytes = bytes
        self.path = path
        try readHeader()
    }

    private mutating func readHeader() throws(ModelError) {
        guard try read(UInt32.self) == Self.magic else { throw malformed("it is not a GGUF file: it does not begin with 'GGUF'") }
        version = try read(UInt32.self)
        guard version == 2 || version == 3 else {
            let why = version.byteSwapped <= 3 ? "it is big-endian" : "it has format version \(version)"
            throw ModelError(.unsupported, file: path, "\(why); versions 2 and 3, little-endian, can be read")
        }
        // A tensor's description is at least 24 bytes, a key with its value at least 13.
        let tensorCount = try readCount("tensors", each: 24)
        let keyCount = try readCount("metadata keys", each: 13)
        for _ in 0..<keyCount { try readMetadata() }
        item = nil
        let alignment = try self.alignment()
        var descriptions: [Description] = []
        for _ in 0..<tensorCount { descriptions.append(try readDescription()) }
        try place(descriptions, alignment: alignment)
    }

    // MARK: Metadata

    private mutating func readMetadata() throws(ModelError) {
        item = nil
        let key = try readString("a key", limit: Self.maximumKeyLength)
        guard !key.isEmpty else { throw malformed("a metadata key is empty") }
        item = key
        guard keys.updateValue(metadata.count, forKey: key) == nil else { throw malformed("this key occurs twice") }
        let kind = try readKind()
        metadata.append((key, try readValue(kind, depth: 0)))
    }

    private mutating func readKind() throws(ModelError) -> GGUFValue.Kind {
        let number = try read(UInt32.self)
        guard let kind = GGUFValue.Kind(rawValue: number) else { throw malformed("its value is of the unknown type \(number)") }
        return kind
    }

    private mutating func readValue(_ kind: GGUFValue.Kind, depth: Int) throws(ModelError) -> GGUFValue {
        switch kind {
        case .uint8: return .uint8(try read(UInt8.self))
        case .int8: return .int8(try read(Int8.self))
        case .uint16: return .uint16(try read(UInt16.self))
        case .int16: return .int16(try read(Int16.self))
        case .uint32: return .uint32(try read(UInt32.self))
        case .int32: return .int32(try read(Int32.self))
        case .uint64: return .uint64(try read(UInt64.self))
        case .int64: return .int64(try read(Int64.self))
        case .float32: return .float32(Float(bitPattern: try read(UInt32.self)))
        case .float64: return .float64(Double(bitPattern: try read(UInt64.self)))
        case .bool:
            let byte = try read(UInt8.self)
            guard byte <= 1 else { throw malformed("a truth value is \(byte); it must be 0 or 1") }
            return .bool(byte == 1)
        case .string: return .string(try readString("a string", limit: Int.max))
        case .array: return .array(try readArray(depth: depth))
        }
    }

    private mutating func readArray(depth: Int) throws(ModelError) -> [GGUFValue] {
        guard depth < Self.maximumArrayDepth else { throw malformed("its arrays are nested deeper than \(Self.maximumArrayDepth)") }
        let kind = try readKind()
        let count = try readCount("array elements", each: kind.minimumSize)
        arrayElements += count
        guard arrayElements <= Self.maximumArrayElements else {
            throw malformed("the file's arrays have more than \(Self.maximumArrayElements) elements together")
        }
        var values: [GGUFValue] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(try readValue(kind, depth: depth + 1)) }
        return values
    }

    private mutating func alignment() throws(ModelError) -> Int {
        guard let index = keys["general.alignment"] else { return Self.defaultAlignment }
        item = "general.alignment"
        guard case .uint32(let value) = metadata[index].value else { throw malformed("it must be a 32-bit unsigned number") }
        guard value >= 8, value <= 1 << 20, value & (value - 1) == 0 else {
            throw malformed("it is \(value); it must be a power of two from 8 to 1048576")
        }
        return Int(value)
    }

    // MARK: Tensors

    private struct Description {
        var name: String
        var shape: [Int]
        var type: GGUFTensor.ElementType
        var byteCount: Int
        /// From the start of the data.
        var offset: UInt64
    }

    private mutating func readDescription() throws(ModelError) -> Description {
        item = nil
        let name = try readString("a tensor's name", limit: Self.maximumNameLength)
        guard !name.isEmpty else { throw malformed("a tensor has no name") }
        item = name
        guard names.updateValue(names.count, forKey: name) == nil else { throw malformed("two tensors have this name") }
        let dimensions = try read(UInt32.self)
        guard dimensions <= 4 else { throw malformed("it has \(dimensions) dimensions; at most 4 are allowed") }
        var shape: [Int] = [], elements = 1
        for _ in 0..<dimensions {
            guard let side = Int(exactly: try read(UInt64.self)), side > 0 else { throw malformed("a side is 0 or too large") }
            let (product, overflow) = elements.multipliedReportingOverflow(by: side)
            guard !overflow, product <= bytes.count * 256 else { throw malformed("it has more elements than the file has room for") }
            elements = product
            shape.insert(side, at: 0)
        }
        let number = try read(UInt32.self)
        guard let type = GGUFTensor.ElementType(rawValue: number) else {
            throw ModelError(.unsupported, file: path, item: name, "its element type \(number) is none of F32 (0), F16 (1)")
        }
        let block = type.block
        guard (shape.last ?? 1) % block.elements == 0 else { throw malformed("its rows are not whole blocks of \(block.elements) elements") }
        return Description(
            name: name, shape: shape, type: type, byteCount: elements / block.elements * block.bytes, offset: try read(UInt64.self))
    }

    /// Finds each tensor in the file: aligned, inside, and apart from all others.
    private mutating func place(_ descriptions: [Description], alignment: Int) throws(ModelError) {
        let data = (position + alignment - 1) / alignment * alignment
        for tensor in descriptions {
            item = tensor.name
            guard tensor.offset % UInt64(alignment) == 0 else {
                throw malformed("its offset \(tensor.offset) is not a multiple of the alignment \(alignment)")
            }
            guard data <= bytes.count, tensor.byteCount <= bytes.count - data, tensor.offset <= UInt64(bytes.count - data - tensor.byteCount) else {
                throw malformed("its \(tensor.byteCount) bytes at offset \(tensor.offset) reach past the end of the file")
            }
            tensors.append(
                GGUFTensor(
                    name: tensor.name, shape: tensor.shape, type: tensor.type, offset: data + Int(tensor.offset),
                    byteCount: tensor.byteCount))
        }
        let inOrder = tensors.sorted { $0.offset < $1.offset }
        for (before, after) in zip(inOrder, inOrder.dropFirst()) where before.offset + before.byteCount > after.offset {
            item = after.name
            throw malformed("it overlaps the tensor '\(before.name)'")
        }
        item = nil
    }

    // MARK: Bytes

    private mutating func read<T: FixedWidthInteger>(_: T.Type) throws(ModelError) -> T {
        guard bytes.count - position >= MemoryLayout<T>.size else { throw malformed("it ends at byte \(bytes.count), in the middle of its head") }
        defer { position += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: T.self))
    }

    /// A number of things, each of which takes at least `each` bytes of what is left.
    private mutating func readCount(_ things: String, each: Int) throws(ModelError) -> Int {
        let count = try read(UInt64.self)
        guard count <= UInt64((bytes.count - position) / each) else {
            throw malformed("it promises \(count) \(things); the \(bytes.count - position) bytes left cannot hold them")
        }
        return Int(count)
    }

    private mutating func readString(_ what: String, limit: Int) throws(ModelError) -> String {
        let length = try read(UInt64.self)
        guard length <= UInt64(bytes.count - position) else { throw malformed("\(what) of \(length) bytes reaches past the end of the file") }
        guard length <= UInt64(limit) else { throw malformed("\(what) has \(length) bytes; at most \(limit) are allowed") }
        let text = UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(length)])
        position += Int(length)
        guard let string = String(validating: text, as: UTF8.self) else { throw malformed("\(what) is not UTF-8 text") }
        return string
    }

    private func malformed(_ reason: String) -> ModelError {
        ModelError(.malformed, file: path, item: item, reason)
    }
}
