// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import Testing

/// Files that a writer of good faith never makes.
@Suite struct MalformedGGUFTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// Opens `bytes`, and expects that it fails so, with words that say why.
    private func refuses(
        _ bytes: [UInt8], _ kind: ModelError.Kind = .malformed, item: String? = nil, because: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let path = try directory.write(bytes, to: "bad.gguf")
        let error = #expect(throws: ModelError.self, sourceLocation: sourceLocation) { try GGUFFile(path: path) }
        #expect(error?.kind == kind && error?.item == item && error?.file == path, "\(error.map(String.init) ?? "")", sourceLocation: sourceLocation)
        #expect(error?.reason.contains(because) == true, "\(error?.reason ?? "")", sourceLocation: sourceLocation)
    }

    @Test func magic_isChecked() throws { try refuses(Array("PK\u{3}\u{4}".utf8) + Raw().bytes, because: "GGUF") }

    @Test func versions_otherThan2And3_areRefused() throws {
        try refuses(Raw(version: 1).header(tensors: 0, keys: 0).bytes, .unsupported, because: "version 1")
        try refuses(Raw(version: 4).header(tensors: 0, keys: 0).bytes, .unsupported, because: "version 4")
        try refuses(Raw(version: 0x0300_0000).header(tensors: 0, keys: 0).bytes, .unsupported, because: "big-endian")
    }

    @Test(arguments: [UInt64.max, 1 << 63, 1 << 40, 3])
    func counts_areRefused_whenTheFileCannotHoldThem(count: UInt64) throws {
        try refuses(Raw().header(tensors: count, keys: 0).bytes, because: "tensors")
        try refuses(Raw().header(tensors: 0, keys: count).bytes, because: "metadata keys")
        let array = Raw().header(tensors: 0, keys: 1).string("a").u32(9).u32(0).u64(count).bytes
        try refuses(array, item: "a", because: "array elements")
    }

    @Test(arguments: [UInt64.max, 1 << 63, 1 << 32, 20])
    func strings_areRefused_whenTheyReachPastTheEnd(length: UInt64) throws {
        try refuses(Raw().header(tensors: 0, keys: 1).u64(length).zeros(13).bytes, because: "past the end")
        try refuses(Raw().header(tensors: 0, keys: 1).string("a").u32(8).u64(length).zeros(8).bytes, item: "a", because: "past the end")
    }

    @Test func keys_areRefused_whenEmptyDoubledOrNotText() throws {
        try refuses(Raw().header(tensors: 0, keys: 1).string("").u32(4).u32(1).bytes, because: "empty")
        try refuses(Raw().header(tensors: 0, keys: 2).number("a", 1).number("a", 1).bytes, item: "a", because: "twice")
        try refuses(Raw().header(tensors: 0, keys: 1).u64(1).raw([0xff]).u32(4).u32(1).bytes, because: "UTF-8")
    }

    @Test func values_areRefused_whenOfNoKnownType() throws {
        try refuses(Raw().header(tensors: 0, keys: 1).string("a").u32(13).u64(0).bytes, item: "a", because: "type 13")
        try refuses(Raw().header(tensors: 0, keys: 1).string("a").u32(7).raw([2]).bytes, item: "a", because: "0 or 1")
    }

    @Test func arrays_areRefused_whenNestedTooDeep() throws {
        var raw = Raw().header(tensors: 0, keys: 1).string("a").u32(9)
        for _ in 0..<100_000 { raw = raw.u32(9).u64(1) }
        try refuses(raw.u32(0).u64(0).bytes, item: "a", because: "nested")
    }

    @Test func arrays_areRefused_whenTheyWouldFillTheMemory() throws {
        let raw = Raw().header(tensors: 0, keys: 1).string("a").u32(9).u32(0).u64(5_000_000).zeros(5_000_000)
        try refuses(raw.bytes, item: "a", because: "4194304")
    }

    @Test(arguments: [0, 1, 4, 13, 48, 1 << 21, .max] as [UInt32])
    func alignment_isRefused_whenNotAPowerOfTwoInRange(alignment: UInt32) throws {
        try refuses(Raw().header(tensors: 0, keys: 1).number("general.alignment", alignment).bytes, item: "general.alignment", because: "power of two")
    }

    @Test func alignment_isRefused_whenOfAnotherType() throws {
        let raw = Raw().header(tensors: 0, keys: 1).string("general.alignment").u32(8).string("32")
        try refuses(raw.bytes, item: "general.alignment", because: "32-bit")
    }

    @Test func tensors_areRead_atAnotherAlignment() throws {
        let raw = Raw().header(tensors: 1, keys: 1).number("general.alignment", 8).tensor("t", [2], offset: 0).padded(to: 8).zeros(8)
        #expect(try GGUFFile(path: directory.write(raw.bytes, to: "good.gguf")).floats(tensor: "t", shape: [2]) == [0, 0])
    }

    @Test(arguments: [[1 << 63], [0], [4, 0], [1 << 32, 1 << 32], [1 << 31, 1 << 31, 4], [1 << 62, 2, 2], [1 << 40]] as [[UInt64]])
    func shapes_areRefused_whenASideOrTheirProductIsAbsurd(shape: [UInt64]) throws {
        let reason = shape.contains { $0 == 0 || $0 > Int.max } ? "a side is 0 or too large" : "more elements than"
        try refuses(Raw().header(tensors: 1, keys: 0).tensor("t", shape, offset: 0).padded(to: 32).zeros(64).bytes, item: "t", because: reason)
    }

    @Test func tensors_areRefused_withFiveDimensions() throws {
        try refuses(Raw().header(tensors: 1, keys: 0).tensor("t", [1, 1, 1, 1, 1], offset: 0).bytes, item: "t", because: "dimensions")
    }

    @Test func tensors_areRefused_whenOfAnUnknownType() throws {
        let raw = Raw().header(tensors: 1, keys: 0).tensor("t", [32], type: 2, offset: 0).padded(to: 32).zeros(64)
        try refuses(raw.bytes, .unsupported, item: "t", because: "type 2")
    }

    @Test func tensors_areRefused_whenDoubledUnnamedOrLongNamed() throws {
        let twice = Raw().header(tensors: 2, keys: 0).tensor("t", [1], offset: 0).tensor("t", [1], offset: 32).padded(to: 32).zeros(64)
        try refuses(twice.bytes, item: "t", because: "two tensors")
        try refuses(Raw().header(tensors: 1, keys: 0).tensor("", [1], offset: 0).padded(to: 32).zeros(64).bytes, because: "no name")
        let long = String(repeating: "x", count: 65)
        try refuses(Raw().header(tensors: 1, keys: 0).tensor(long, [1], offset: 0).padded(to: 32).zeros(64).bytes, because: "at most 64")
    }

    @Test(arguments: [64, 1 << 62, UInt64.max - 31] as [UInt64])
    func tensors_areRefused_whenTheirOffsetIsPastTheEnd(offset: UInt64) throws {
        let raw = Raw().header(tensors: 1, keys: 0).tensor("t", [1], offset: offset).padded(to: 32).zeros(64)
        try refuses(raw.bytes, item: "t", because: "past the end")
    }

    @Test func tensors_areRefused_whenMisalignedOrOverlapping() throws {
        try refuses(
            Raw().header(tensors: 1, keys: 0).tensor("t", [1], offset: 4).padded(to: 32).zeros(64).bytes, item: "t", because: "alignment")
        let overlap = Raw().header(tensors: 2, keys: 0).tensor("a", [16], offset: 0).tensor("b", [1], offset: 32).padded(to: 32).zeros(64)
        try refuses(overlap.bytes, item: "b", because: "overlaps")
    }
}

/// Bytes of a GGUF file, put together by hand.
private struct Raw {
    private(set) var bytes: [UInt8]

    init(version: UInt32 = 3) { bytes = Array("GGUF".utf8) + withUnsafeBytes(of: version.littleEndian) { [UInt8]($0) } }

    func raw(_ more: [UInt8]) -> Raw {
        var result = self
        result.bytes += more
        return result
    }

    func u32(_ value: UInt32) -> Raw { raw(withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }) }
    func u64(_ value: UInt64) -> Raw { raw(withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }) }
    func zeros(_ count: Int) -> Raw { raw([UInt8](repeating: 0, count: count)) }
    func padded(to alignment: Int) -> Raw { zeros((alignment - bytes.count % alignment) % alignment) }
    func string(_ text: String) -> Raw { u64(UInt64(text.utf8.count)).raw(Array(text.utf8)) }
    func header(tensors: UInt64, keys: UInt64) -> Raw { u64(tensors).u64(keys) }
    func number(_ key: String, _ value: UInt32) -> Raw { string(key).u32(4).u32(value) }

    func tensor(_ name: String, _ sides: [UInt64], type: UInt32 = 0, offset: UInt64) -> Raw {
        sides.reduce(string(name).u32(UInt32(sides.count))) { $0.u64($1) }.u32(type).u64(offset)
    }
}
