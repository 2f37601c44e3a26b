// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// A model in one GGUF file, or in several named `NAME-00001-of-00003.gguf`: the first has the metadata, each its tensors.
public final class GGUFShards: Sendable {
    /// The first file, with the metadata.
    public let first: GGUFFile
    public let files: [GGUFFile]
    private let places: [String: Int]

    /// - Parameter path: of the only file, or of the first.
    /// - Throws: ``ModelError``: what is wrong with a file, or `wrongContent` where the files do not belong together.
    public convenience init(path: String) throws(ModelError) {
        try self.init(first: path) { path throws(ModelError) in try GGUFFile(path: path) }
    }

    /// - Parameter open: gives the file of a name: `path`, and where it is the first of several, theirs.
    convenience init(first path: String, open: (String) throws(ModelError) -> GGUFFile) throws(ModelError) {
        let first = try open(path)
        var files = [first]
        let count = first["split.count"] == nil ? 1 : try first.integer("split.count")
        // llama-gguf-split writes 0 into what it has merged.
        guard (0...9999).contains(count) else { throw first.wrong("split.count", "it is \(count)") }
        if count > 1 {
            let suffix = Self.suffix(1, count)
            guard path.hasSuffix(suffix), try first.integer("split.no") == 0 else {
                throw first.wrong("split.no", "this file is a part of \(count); name the one that ends in '\(suffix)'")
            }
            for number in 2...count {
                let file = try open(path.dropLast(suffix.count) + Self.suffix(number, count))
                guard try file.integer("split.no") == number - 1, try file.integer("split.count") == count else {
                    throw file.wrong("split.no", "it does not belong to '\(path)'")
                }
                files.append(file)
            }
        }
        try self.init(files: files)
    }

    /// Files that belong together, the first with the metadata.
    /// - Throws: ``ModelError``, `wrongContent`, where a tensor is in two of them, or there are not as many as promised.
    package init(files: [GGUFFile]) throws(ModelError) {
        let first = files[0]
        var places: [String: Int] = [:]
        for (index, file) in files.enumerated() {
            for tensor in file.tensors where places.updateValue(index, forKey: tensor.name) != nil {
                throw file.wrong(tensor.name, "another part of the model has this tensor too")
            }
        }
        if files.count > 1, let promised = first["split.tensors.count"]?.integer, promised != places.count {
            throw first.wrong("split.tensors.count", "it is \(promised), but the files hold \(places.count)")
        }
        (self.first, self.files, self.places) = (first, files, places)
    }

    /// The names of all files of a model whose first file is called `name`: itself where that does not end in `-00001-of-NNNNN.gguf`.
    public static func names(first name: String) -> [String] {
        let count = name.dropLast(5).suffix(5)
        guard let count = Int(count), count > 1, name.hasSuffix(suffix(1, count)) else { return [name] }
        return (1...count).map { name.dropLast(suffix(1, count).count) + suffix($0, count) }
    }

    private static func suffix(_ number: Int, _ count: Int) -> String {
        func digits(_ value: Int) -> String { String(String(100_000 + value).dropFirst()) }
        return "-\(digits(number))-of-\(digits(count)).gguf"
    }

    public var tensorNames: some Sequence<String> { places.keys }

    public func tensor(_ name: String) -> GGUFTensor? { places[name].flatMap { files[$0].tensor(name) } }

    /// A vector as floats, copied.
    func floats(_ name: String, count: Int) throws(ModelError) -> [Float] {
        try file(of: name).floats(tensor: name, shape: [count])
    }

    /// A matrix in the mapping.
    func stored(_ name: String, rows: Int, columns: Int) throws(ModelError) -> StoredMatrix {
        try file(of: name).stored(name, rows: rows, columns: columns)
    }

    private func file(of tensor: String) throws(ModelError) -> GGUFFile {
        guard let place = places[tensor] else { throw first.wrong(tensor, "this tensor is missing") }
        return files[place]
    }
}
