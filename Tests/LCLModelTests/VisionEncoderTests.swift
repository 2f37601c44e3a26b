// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor
import Testing

@Suite struct VisionEncoderTests {
    static let network = Result {
        try ModelDirectory(path: URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../../var/lib/lcld/models/default")
            .loadEncoder().network
    }
    static let goldens = Result {
        try GGUFFile(path: #require(Bundle.module.path(forResource: "lite0", ofType: "gguf", inDirectory: "Goldens")))
    }

    @Test(arguments: [
        "d0.max", "b0.mean", "d1.mean", "d3.max", "b4.max", "d5.mean", "b8.mean", "b10.max", "d11.max", "b14.mean", "d15.max", "head.mean",
    ])
    func features_equalPyTorch_withTheStoredWeights(tap: String) throws {
        let expected = try Self.goldens.get().matrix(tensor: "stored." + tap)
        let encoder = VisionEncoder(network: try Self.network.get(), taps: [try #require(Tap(tap))])
        let found = SyntheticPictures.pixels.withUnsafeBufferPointer { encoder.features($0, count: 3) }
        for picture in 0..<3 { #expect(relativeError(found.row(picture), expected.row(picture)) <= 1e-5, "picture \(picture)") }
    }

    @Test func logits_equalPyTorch_withTheStoredWeights() throws {
        let expected = try Self.goldens.get().matrix(tensor: "stored.logits"), found = try logits()
        for picture in 0..<3 { #expect(relativeError(found.row(picture), expected.row(picture)) <= 1e-5, "picture \(picture)") }
    }

    @Test(arguments: ["d11.max", "d15.max", "head.mean"])
    func features_areCloseToThePublishedNetwork(tap: String) throws {
        let expected = try Self.goldens.get().matrix(tensor: "original." + tap)
        let encoder = VisionEncoder(network: try Self.network.get(), taps: [try #require(Tap(tap))])
        let found = SyntheticPictures.pixels.withUnsafeBufferPointer { encoder.features($0, count: 3) }
        for picture in 0..<3 { #expect(relativeError(found.row(picture), expected.row(picture)) <= 1e-3, "picture \(picture)") }
    }

    @Test func logits_areCloseToThePublishedNetwork() throws {
        let expected = try Self.goldens.get().matrix(tensor: "original.logits"), found = try logits()
        for picture in 0..<3 { #expect(relativeError(found.row(picture), expected.row(picture)) <= 1e-3, "picture \(picture)") }
    }

    @Test func features_joinTheTapsInTheirOrder() throws {
        let network = try Self.network.get(), taps = ["d15.max", "b3.mean", "d11.max"].compactMap(Tap.init)
        let joined = VisionEncoder(network: network, taps: taps)
        let all = first(joined)
        #expect(joined.columns == [0..<1152, 1152..<1192, 1192..<1864] && joined.dimension == 1864)
        for (tap, columns) in zip(taps, joined.columns) {
            #expect(all.columns(columns) == first(VisionEncoder(network: network, taps: [tap])))
        }
    }

    @Test func features_areTheSameBits_whateverTheBatch() throws {
        let encoder = VisionEncoder(network: try Self.network.get(), taps: [.depthwise(block: 11, .max), .head(.mean)])
        let size = SyntheticPictures.pixels.count / 3
        let together = SyntheticPictures.pixels.withUnsafeBufferPointer { encoder.features($0, count: 3) }
        for picture in [2, 0, 1] {
            let alone = SyntheticPictures.pixels[picture * size..<(picture + 1) * size].withUnsafeBufferPointer { encoder.features($0, count: 1) }
            #expect(alone == together.rows(picture..<picture + 1))
        }
    }

    @Test func logits_areTheSameBits_whateverTheBatch() throws {
        let encoder = VisionEncoder(network: try Self.network.get()), together = try logits()
        let size = SyntheticPictures.pixels.count / 3
        let alone = SyntheticPictures.pixels[size..<2 * size].withUnsafeBufferPointer { encoder.logits($0, count: 1) }
        #expect(alone == together.rows(1..<2))
    }

    private func logits() throws -> Matrix {
        let encoder = VisionEncoder(network: try Self.network.get())
        return SyntheticPictures.pixels.withUnsafeBufferPointer { encoder.logits($0, count: 3) }
    }

    private func first(_ encoder: VisionEncoder) -> Matrix {
        SyntheticPictures.pixels.prefix(SyntheticPictures.pixels.count / 3).withUnsafeBufferPointer { encoder.features($0, count: 1) }
    }

    /// |a - b| / |b|, Euclidean.
    private func relativeError(_ a: [Float], _ b: [Float]) -> Double {
        let difference = zip(a, b).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
        return (difference / b.reduce(0.0) { $0 + pow(Double($1), 2) }).squareRoot()
    }
}
