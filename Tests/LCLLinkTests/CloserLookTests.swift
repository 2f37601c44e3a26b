// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDigest
import LCLLink
import LCLModel
import LCLTensor
import Testing

/// A model whose link is invented, on features that no picture gave: whole, closer, doubt.
@Suite final class CloserLookTests {
    private let home = FileManager.default.temporaryDirectory.appending(path: "lcl-\(UUID().uuidString)")

    deinit { try? FileManager.default.removeItem(at: home) }

    private static func numbers(_ count: Int, _ start: Int) -> [Float] { (0..<count).map { Float(($0 * 37 + start * 101) % 64) / 32 - 1 } }

    /// The default model's encoder by the tap d3.max, whole and closer.
    private func model(doubt: Bool = true) throws -> LinkModel {
        let standard = try ModelDirectory.find("default"), name = "small", folder = home.appending(path: name), encoder = try standard.encoder().file
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let channels = ForegroundMask.channels, hidden = ForegroundMask.hidden
        let mask = ForegroundMask(
            mean: Self.numbers(channels, 1), weights: Matrix(rows: hidden, columns: 9 * channels, Self.numbers(hidden * 9 * channels, 2)),
            bias: Self.numbers(hidden, 3), sum: Self.numbers(hidden, 4), offset: 0)
        let files = ["mask.gguf": mask.encoded(), encoder: [UInt8](try Data(contentsOf: URL(filePath: standard.path(of: encoder))))]
        var card = standard.card
        let closer = Data(#"{"mask": "mask.gguf", "taps": ["d3.max"]}"#.utf8)
        (card.name, card.encoder!.taps, card.encoder!.closer) = (name, ["d3.max"], try JSONDecoder().decode(ModelCard.Closer.self, from: closer))
        card.files = files.mapValues { $0.withUnsafeBytes { SHA256.hash($0).hex } }
        let calibration = Calibration(temperature: 10, unknown: .init(oneShot: 0.5, reach: 2)), width = Tap("d3.max")!.width!
        func part(_ tap: String, _ start: Int) -> FeatureSpace.Part {
            FeatureSpace.Part(tap: tap, mean: Self.numbers(width, start), map: Matrix(rows: 4, columns: width, Self.numbers(4 * width, start + 1)))
        }
        let cohort = Cohort(means: Matrix(rows: 3, columns: 4, Self.numbers(12, 9)))
        let link = LinkFile(
            parts: [part("d3.max", 5)], cohort: cohort, calibrations: [.metric: calibration, .prototype: calibration],
            closer: doubt ? .init(parts: [part("closer.d3.max", 7)], cohort: cohort, calibration: calibration) : nil,
            training: .init(
                strategy: "lda", engine: "0", encoder: card.encoderDigest!, classes: 3, pictures: 9, shrinkage: 0.3, provenance: []))
        card.files["link.gguf"] = link.encoded().withUnsafeBytes { SHA256.hash($0).hex }
        card.link = .init(file: "link.gguf")
        for (name, bytes) in files.merging(["link.gguf": link.encoded(), ModelCard.fileName: [UInt8](try card.encoded())], uniquingKeysWith: { $1 }) {
            try Data(bytes).write(to: folder.appending(path: name))
        }
        return try LinkModel(named: name, in: [home.path])
    }

    /// Two supports a label, and a query.
    private func features(_ model: LinkModel, whole: Int, closer: Int, doubts: [Float]) -> Matrix {
        let width = (model.featureWidth - 1) / 2
        func part(_ row: Int, _ start: Int) -> [Float] { Self.numbers(width, start * 7 + row * (row % 2 + start)).map { $0 + 1 } }
        return Matrix(doubts.enumerated().map { part($0, whole) + part($0, closer) + [$1] })
    }

    private func answer(_ model: LinkModel, _ features: Matrix, _ method: LinkModel.Method = .metric) throws -> [Double] {
        try model.link(SupportSet(features: features.rows(0..<4), labels: [0, 0, 1, 1], ways: 2), method: method).answer(features.rows(4..<5))[0].logits
    }

    @Test func supports_decideWhichLookIsCompared() throws {
        let model = try model()
        let cases: [([Float], Bool)] = [([0.1, 0.2, 0.3, 0.4, 2], true), ([0, 0, 0, 1.9, 1], true), ([0, 0, 0, 2, 0], false), ([0.6, 0.5, 0.7, 0.5, 0], false)]
        for (doubts, isCloser) in cases {
            let usual = try answer(model, features(model, whole: 1, closer: 2, doubts: doubts))
            #expect(try (answer(model, features(model, whole: 3, closer: 2, doubts: doubts)) == usual) == isCloser, "\(doubts)")
            #expect(try (answer(model, features(model, whole: 1, closer: 3, doubts: doubts)) == usual) == !isCloser, "\(doubts)")
        }
    }

    @Test func prototype_seesTheWholeAlone() throws {
        let model = try model(), sure: [Float] = [0, 0, 0, 0, 0]
        let usual = try answer(model, features(model, whole: 1, closer: 2, doubts: sure), .prototype)
        #expect(try answer(model, features(model, whole: 1, closer: 3, doubts: sure), .prototype) == usual)
    }

    @Test func link_isRefused_whereItDoesNotKnowTheCloserLook() {
        #expect(throws: LinkError.self) { try model(doubt: false) }
    }

    @Test func features_ofAnotherWidth_areRefused() throws {
        let model = try model(), support = try SupportSet(features: Matrix(rows: 2, columns: 8), labels: [0, 1], ways: 2)
        #expect(throws: LinkError.self) { try model.link(support) }
    }
}
