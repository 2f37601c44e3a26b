// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor

/// Features kept in a file (GGUF, architecture `lcl-features`), so that a tree of pictures is encoded once.
struct FeatureCache {
    static let architecture = "lcl-features"

    /// Of the tree of pictures.
    let fingerprint: String
    let encoder: String
    let taps: [String]
    /// [pictures x width].
    let features: Matrix
    /// Numbers of the pictures that could not be read.
    let skipped: [Int]

    init(fingerprint: String, encoder: String, taps: [Tap], features: Matrix, skipped: [Int]) {
        self.fingerprint = fingerprint
        self.encoder = encoder
        self.taps = taps.map(\.description)
        self.features = features
        self.skipped = skipped
    }

    /// `nil` where there is no such file, or none that can be used: it is then written anew.
    init?(path: String) {
        guard let file = try? GGUFFile(path: path), (try? file.string("general.architecture")) == Self.architecture,
            let fingerprint = try? file.string("lcl-features.fingerprint"),
            let encoder = try? file.string("lcl-features.encoder.sha256"),
            let taps = try? file.string("lcl-features.taps"),
            let skipped = try? file.string("lcl-features.skipped"),
            let features = try? file.matrix(tensor: "features")
        else { return nil }
        self.fingerprint = fingerprint
        self.encoder = encoder
        self.taps = taps.split(separator: " ").map(String.init)
        self.skipped = skipped.split(separator: " ").compactMap { Int($0) }
        self.features = features
    }

    func fits(_ fingerprint: String, encoder: String, taps: [Tap]) -> Bool {
        self.fingerprint == fingerprint && self.encoder == encoder && self.taps == taps.map(\.description)
            && features.columnCount == taps.compactMap(\.width).reduce(0, +)
    }

    /// - Throws: ``TrainingError/unwritable(path:reason:)``.
    func write(to path: String) throws(TrainingError) {
        var writer = GGUFWriter(architecture: Self.architecture)
        writer.set("lcl-features.fingerprint", .string(fingerprint))
        writer.set("lcl-features.encoder.sha256", .string(encoder))
        writer.set("lcl-features.taps", .string(taps.joined(separator: " ")))
        writer.set("lcl-features.skipped", .string(skipped.map(String.init).joined(separator: " ")))
        writer.add(tensor: "features", features, as: .f32)
        do {
            try Data(writer.encoded()).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw .unwritable(path: path, reason: error.localizedDescription)
        }
    }
}
