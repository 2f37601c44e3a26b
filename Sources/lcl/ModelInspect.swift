// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LCLDigest
import LCLModel
import LCLTensor

extension ModelCommand {
    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Metadata and tensors of a GGUF file, or of every file of a model.")

        @Argument(help: "A model's name, or the path of a GGUF file (with a '/' or ending in .gguf).")
        var subject = "default"

        @OptionGroup var search: ModelSearch

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let reports = try files().map(FileReport.init)
            if json { return try print(json: reports) }
            for report in reports { try print(report.text) }
        }

        private func files() throws -> [GGUFFile] {
            if subject.contains("/") || subject.hasSuffix(".gguf") { return [try GGUFFile(path: subject)] }
            let model = try ModelDirectory.find(subject, in: search.path)
            return try model.card.files.keys.sorted().map { try model.open($0) }
        }
    }
}

/// What a GGUF file holds, for people and programs.
private struct FileReport: Encodable {
    var file: String
    var version: UInt32
    var sha256: String
    var metadata: [Entry]
    var tensors: [Tensor]

    struct Entry: Encodable {
        var key: String
        var value: GGUFValue
    }

    struct Tensor: Encodable {
        var name: String
        var type: String
        var shape: [Int]
        var bytes: Int
    }

    init(_ gguf: GGUFFile) {
        file = gguf.path
        version = gguf.version
        sha256 = gguf.digest().hex
        metadata = gguf.metadata.map { Entry(key: $0.key, value: $0.value) }
        tensors = gguf.tensors.map { Tensor(name: $0.name, type: $0.type.name, shape: $0.shape, bytes: $0.byteCount) }
    }

    /// For people.
    var text: String {
        let head = ["\(file): GGUF \(version), \(metadata.count) metadata keys, \(tensors.count) tensors", "sha256 \(sha256)", ""]
        let keys = metadata.map { "\(Self.printable($0.key)) = \(Self.text($0.value))" }
        let shapes = tensors.map { "\(Self.printable($0.name))\t\($0.type)\t\($0.shape.map(String.init).joined(separator: " x "))\t\($0.bytes) bytes" }
        return (head + keys + [""] + shapes).joined(separator: "\n")
    }

    /// Control characters, which a hostile file may aim at the terminal, are escaped.
    private static func printable(_ name: String) -> String { String(name.debugDescription.dropFirst().dropLast()) }

    /// One line; long arrays are cut.
    private static func text(_ value: GGUFValue) -> String {
        switch value {
        case .array(let values):
            let shown = values.prefix(8).map(text).joined(separator: ", ")
            return "[\(shown)\(values.count > 8 ? ", ... \(values.count) in all" : "")]"
        case .string(let string): return string.debugDescription
        case .float32(let x): return "\(x)"
        case .float64(let x): return "\(x)"
        case .bool(let x): return "\(x)"
        case .uint64(let x): return "\(x)"
        default: return value.integer.map(String.init) ?? "?"
        }
    }
}

extension GGUFValue: Encodable {
    /// As the JSON value it is; numbers that JSON has not (NaN, infinities) as text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .string(let text): try container.encode(text)
        case .bool(let truth): try container.encode(truth)
        case .float32(let x): if x.isFinite { try container.encode(x) } else { try container.encode("\(x)") }
        case .float64(let x): if x.isFinite { try container.encode(x) } else { try container.encode("\(x)") }
        case .uint64(let x): try container.encode(x)
        case .array(let values): try container.encode(values)
        default: try container.encode(integer)
        }
    }
}
