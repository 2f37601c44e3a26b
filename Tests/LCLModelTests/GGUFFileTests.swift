// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor
import Testing

@Suite struct GGUFFileTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func open(_ bytes: [UInt8]) throws -> GGUFFile { try GGUFFile(path: directory.write(bytes, to: "test.gguf")) }

    /// Every metadata type, two tensors.
    private static let example: GGUFWriter = {
        var writer = GGUFWriter(architecture: "test")
        for (key, value) in values { writer.set(key, value) }
        writer.add(tensor: "half", Matrix([[1, -2, 0.5], [65504, 6e-8, 0]]), as: .f16)
        writer.add(tensor: "single", shape: [2, 1, 2], values: [1, 2, 3, .pi], as: .f32)
        return writer
    }()

    private static let values: [(String, GGUFValue)] = [
        ("u8", .uint8(255)), ("i8", .int8(-128)), ("u16", .uint16(65_535)), ("i16", .int16(-32_768)), ("u32", .uint32(.max)),
        ("i32", .int32(.min)), ("u64", .uint64(.max)), ("i64", .int64(.min)), ("f32", .float32(1.5)), ("f64", .float64(-2.25)),
        ("yes", .bool(true)), ("text", .string("größer")), ("none", .array([])), ("floats", .array([.float32(1), .float32(2)])),
        ("nested", .array([.array([.string("a")]), .array([.string("b"), .string("")])])),
    ]

    @Test func file_givesBack_whatTheWriterWrote() throws {
        let file = try open(Self.example.encoded())
        #expect(file.version == 3 && file.metadata.count == Self.values.count + 1)
        for (key, value) in Self.values { #expect(file[key] == value) }
        #expect(try file.matrix(tensor: "half") == Matrix([[1, -2, 0.5], [65504, Float(Float16(6e-8)), 0]]))
        #expect(try file.floats(tensor: "single", shape: [2, 1, 2]) == [1, 2, 3, .pi])
        #expect(try file.floats("floats") == [1, 2] && file.integer("u8") == 255)
    }

    @Test func writer_writesTheSameBytes_forTheSameContent() {
        #expect(Self.example.encoded() == Self.example.encoded())
    }

    @Test func file_isRead_whenItsVersionIs2() throws {
        var bytes = Self.example.encoded()
        bytes[4] = 2
        #expect(try open(bytes).version == 2)
    }

    @Test func lookups_nameTheKeyOrTensor_whenTheyFail() throws {
        let file = try open(Self.example.encoded())
        let failures: [(item: String, look: () throws -> Void)] = [
            ("absent", { _ = try file.string("absent") }), ("u8", { _ = try file.string("u8") }), ("u64", { _ = try file.integer("u64") }),
            ("nested", { _ = try file.floats("nested") }), ("gone", { _ = try file.matrix(tensor: "gone") }),
            ("single", { _ = try file.matrix(tensor: "single") }), ("half", { _ = try file.floats(tensor: "half", shape: [3, 2]) }),
        ]
        for failure in failures {
            let error = #expect(throws: ModelError.self) { try failure.look() }
            #expect(error?.kind == .wrongContent && error?.item == failure.item && error?.file == file.path)
        }
    }

    @Test func file_isRefused_whereverItIsTruncated() throws {
        let whole = Self.example.encoded()
        for length in 0..<whole.count {
            let error = #expect(throws: ModelError.self, "\(length) of \(whole.count) bytes") { try open(Array(whole.prefix(length))) }
            #expect(error?.kind == .malformed)
        }
    }

    @Test func file_neverCrashesTheReader_whicheverByteIsWrong() throws {
        let whole = Self.example.encoded()
        for index in whole.indices {
            for value in [0, 0x7f, 0xff] as [UInt8] {
                var bytes = whole
                bytes[index] = value
                guard let file = try? open(bytes) else { continue }
                // What is accepted can be read.
                for tensor in file.tensors { #expect(try file.floats(tensor: tensor.name, shape: tensor.shape).count == tensor.elementCount) }
            }
        }
    }

    @Test func open_saysWhatIsThere_whenItIsNoFile() throws {
        let missing = #expect(throws: ModelError.self) { try GGUFFile(path: directory.path + "/absent.gguf") }
        #expect(missing?.kind == .notFound)
        let folder = #expect(throws: ModelError.self) { try GGUFFile(path: directory.path) }
        #expect(folder?.kind == .unreadable)
        #expect(mkfifo(directory.path + "/fifo", 0o600) == 0)
        let fifo = #expect(throws: ModelError.self) { try GGUFFile(path: directory.path + "/fifo") }
        #expect(fifo?.kind == .unreadable)
    }
}
