// SPDX-License-Identifier: Apache-2.0
import LCLDigest
import LCLTensor

/// A GGUF file (versions 2 and 3, little-endian), memory-mapped, every count, length and offset checked before use.
///
/// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
public final class GGUFFile: Sendable {
    public let path: String
    public let version: UInt32
    /// In the file's order.
    public let metadata: [(key: String, value: GGUFValue)]
    /// In the file's order.
    public let tensors: [GGUFTensor]
    private let keys: [String: Int]
    private let names: [String: Int]
    private let file: MappedFile

    /// - Throws: ``ModelError``: `notFound`, `unreadable`, `malformed` or `unsupported`.
    public convenience init(path: String) throws(ModelError) {
        try self.init(MappedFile(path: path), path: path)
    }

    /// A file that is already in memory; `path` is for errors.
    package convenience init(copying bytes: [UInt8], path: String) throws(ModelError) {
        try self.init(MappedFile(copying: bytes), path: path)
    }

    init(_ file: MappedFile, path: String) throws(ModelError) {
        self.path = path
        self.file = file
        let head = try GGUFParser(file.bytes, path: path)
        (version, metadata, tensors) = (head.version, head.metadata, head.tensors)
        (keys, names) = (head.keys, head.names)
    }

    /// SHA-256 of the whole file.
    public func digest() -> SHA256.Digest { file.digest() }

    // MARK: Metadata

    public subscript(key: String) -> GGUFValue? { keys[key].map { metadata[$0].value } }

    public func string(_ key: String) throws(ModelError) -> String { try value(key, "a string", \.string) }

    public func integer(_ key: String) throws(ModelError) -> Int { try value(key, "a whole number", \.integer) }

    public func float(_ key: String) throws(ModelError) -> Float { try value(key, "a floating-point number", \.float) }

    public func floats(_ key: String) throws(ModelError) -> [Float] {
        let values = try value(key, "an array of floating-point numbers", \.array)
        let floats = values.compactMap(\.float)
        guard floats.count == values.count else { throw wrong(key, "it must be an array of floating-point numbers") }
        return floats
    }

    private func value<T>(_ key: String, _ kind: String, _ get: (GGUFValue) -> T?) throws(ModelError) -> T {
        guard let value = self[key] else { throw wrong(key, "this metadata key is missing") }
        guard let result = get(value) else { throw wrong(key, "this metadata value must be \(kind)") }
        return result
    }

    // MARK: Tensors

    public func tensor(_ name: String) -> GGUFTensor? { names[name].map { tensors[$0] } }

    /// A tensor of this shape (outermost first, so `[rows, columns]`), converted to `Float`, row-major.
    public func floats(tensor name: String, shape: [Int]) throws(ModelError) -> [Float] {
        let tensor = try required(name)
        guard tensor.shape == shape else { throw wrong(name, "its shape is \(tensor.shape); this network needs \(shape)") }
        return floats(tensor)
    }

    /// A 2-dimensional tensor; 1-dimensional ones are one row.
    public func matrix(tensor name: String) throws(ModelError) -> Matrix {
        let tensor = try required(name)
        guard (1...2).contains(tensor.shape.count) else { throw wrong(name, "its shape is \(tensor.shape); a matrix is needed") }
        let columns = tensor.shape.last!
        return Matrix(rows: tensor.elementCount / columns, columns: columns, floats(tensor))
    }

    /// A matrix in the mapping.
    /// - Parameter shape: that the tensor has in the file, where it is not `[rows, columns]`.
    func stored(_ name: String, rows: Int, columns: Int, shape: [Int]? = nil) throws(ModelError) -> StoredMatrix {
        let tensor = try required(name), shape = shape ?? [rows, columns]
        guard tensor.shape == shape else { throw wrong(name, "its shape is \(tensor.shape); this network needs \(shape)") }
        guard columns % tensor.type.block.elements == 0 else { throw wrong(name, "its rows of \(columns) are not whole blocks of \(tensor.type.name)") }
        return StoredMatrix(rows: rows, columns: columns, format: tensor.type, bytes: bytes(of: tensor), owner: self)
    }

    private func required(_ name: String) throws(ModelError) -> GGUFTensor {
        guard let tensor = tensor(name) else { throw wrong(name, "this tensor is missing") }
        return tensor
    }

    private func floats(_ tensor: GGUFTensor) -> [Float] { tensor.type.floats(bytes(of: tensor)) }

    /// A tensor's blocks in the mapping, which lives as long as this file.
    func bytes(of tensor: GGUFTensor) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: file.bytes[tensor.offset..<tensor.offset + tensor.byteCount])
    }

    func wrong(_ item: String, _ reason: String) -> ModelError {
        ModelError(.wrongContent, file: path, item: item, reason)
    }
}
