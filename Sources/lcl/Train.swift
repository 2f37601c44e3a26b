// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLJob
import LCLLink
import LCLModel
import LCLTraining

/// Fits a link file on a folder of classes.
struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Fit a link file (how features are compared) on a folder of classes.",
        discussion: """
            DIR holds CLASS/*.png|jpg, or SOURCE/CLASS/*.png|jpg. With several sources the confidence is calibrated on each \
            source in turn, left out of the fit; with one, on a fifth of its classes in turn. A file packages.txt in DIR, one \
            line each, is noted in the result as where the pictures came from.
            """)

    enum Strategy: String, CaseIterable, ExpressibleByArgument {
        case lda
    }

    @Argument(help: "The folder of classes.")
    var directory: String

    @Option(name: .shortAndLong, help: "The link file to write.")
    var output: String

    @Option(help: "How to fit: lda is closed-form whitening, no gradients.")
    var strategy = Strategy.lda

    @Option(help: "Share of the identity in the within-class covariance, 0 to 1.")
    var shrinkage: Float = 0.3

    @Option(help: "Most directions to keep of each feature; 0 keeps all.")
    var outputs = 384

    @Option(help: "Seed of the calibration's episodes.")
    var seed: UInt64 = 1

    @OptionGroup var features: FeatureOptions

    func validate() throws {
        guard (0...1).contains(shrinkage), shrinkage > 0 else { throw ValidationError("--shrinkage must be above 0 and at most 1") }
        guard outputs >= 0 else { throw ValidationError("--outputs must not be negative") }
    }

    func run() throws {
        let encoder = try features.encoder()
        let table = try features.table(encoder, directory: directory)
        var trainer = LinkTrainer()
        trainer.fit = fit
        trainer.seed = seed
        let taps = encoder.model.card.encoder.taps
        let (parts, calibrations) = try trainer.train(table, classes: table.classes, taps: taps)
        let packages = (try? String(contentsOfFile: "\(directory)/packages.txt", encoding: .utf8)) ?? ""
        let link = LinkFile(
            parts: parts, calibrations: calibrations,
            training: LinkFile.Training(
                strategy: strategy.rawValue, engine: Engine.version, encoder: encoder.encoder.encoder, classes: table.classes.count,
                pictures: table.classes.reduce(0) { $0 + $1.rows.count }, shrinkage: shrinkage,
                provenance: packages.split(separator: "\n").map(String.init)))
        try link.write(to: output)
        print("\(output): \(link.training.classes) classes, \(link.training.pictures) pictures")
        for (method, calibration) in link.calibrations.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            let unknown = calibration.unknown
            print(
                String(
                    format: "%@: temperature %.2f; unknown below %.3f + %.2f x cohesion, with one support %.3f", method.rawValue,
                    calibration.temperature, unknown.offset, unknown.slope, unknown.oneShot))
        }
    }
}
