// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor
import Testing

/// Goldens: Tests/Reference/quantized_goldens.py, with the PyPI package gguf.
struct QuantizedTensorTests {
    let file: GGUFFile

    init() throws {
        let path = try #require(Bundle.module.path(forResource: "quantized", ofType: "gguf", inDirectory: "Goldens"))
        file = try GGUFFile(path: path)
    }

    @Test(arguments: BlockFormat.allCases.filter { ![.f32, .f16].contains($0) })
    func tensor_isTheReferences_toTheLastBit(_ format: BlockFormat) throws {
        let tensor = try #require(file.tensor(format.name))
        #expect(tensor.type == format)
        let values = try file.matrix(tensor: format.name), expected = try file.matrix(tensor: format.name + ".expected")
        #expect(values.rowCount == 2 && values.columnCount == expected.columnCount)
        #expect(values.elements.map(\.bitPattern) == expected.elements.map(\.bitPattern))
    }

    @Test func halves_areExact_forEveryBitPattern() {
        let bits = (0...UInt16.max).filter { !Float16(bitPattern: $0).isNaN }
        let floats = bits.map(\.littleEndian).withUnsafeBytes { BlockFormat.f16.floats($0) }
        #expect(floats.map(\.bitPattern) == bits.map { Float(Float16(bitPattern: $0)).bitPattern })
    }

    @Test func file_isRefused_whenARowIsNoWholeBlock() throws {
        var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file.path)))
        // The first tensor is Q4_0 of [128, 2]; 112 is not a multiple of 32.
        let name = Array("Q4_0".utf8), at = try #require(bytes.indices.first { bytes[$0...].starts(with: name) })
        #expect(bytes[at + 8] == 128)
        bytes[at + 8] = 112
        let path = NSTemporaryDirectory() + "lcl-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: ModelError.self) { try GGUFFile(path: path) }
        #expect(error?.kind == .malformed && error?.item == "Q4_0")
    }
}
