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
            DIR holds CLASS/*.png|jpg, or SOURCE/CLASS/*.png|jpg; or it is a list NAME.csv whose first line is path,class or \
            path,class,source, with paths from the list's own folder. With several sources the confidence is calibrated on each \
            source in turn, left out of the fit; with one, on a fifth of its classes in turn. A file packages.txt in DIR, one \
            line each, is noted in the result as where the pictures came from.

            The strategy lda is a closed form, seconds. 2way, 2way-random, 2way-weight and mix (Tai et al., arXiv 2308.07891) start \
            from it and learn on episodes; one class in six, never trained on meanwhile, tells after how many epochs to stop, \
            which may be none.

            With --method mask DIR holds SOURCE/NAME.png and beside each NAME.mask.png, white where the foreground is; the result is the file that a model's \
            card names as encoder.closer.mask. A metric fitted with another mask must be fitted again.

            With --method mllm a language model is taught to see and to link instead: 2way-few is then the strategy, unless another \
            is named, and OUTPUT is a folder for adapter.gguf and projector.gguf, which `lcl model import` makes a model of together \
            with the language model.
            """)

    @Argument(help: "The folder of classes, or a list of pictures.")
    var directory: String

    enum Method: String, CaseIterable, ExpressibleByArgument {
        case metric
        case mask
        case mllm
    }

    @Option(help: "What to teach: the metric, the mask of its closer look, or a language model (mllm).")
    var method = Method.metric

    @Option(name: .shortAndLong, help: "The link file to write; for mllm a folder.")
    var output: String

    @Option(help: "Classes of a training episode.")
    var ways = 2

    @Option(help: "Queries of a training episode, each from any of its classes.")
    var queries = 4

    @Option(help: "Variations of every picture (part of it, turned, mirrored, other light) to learn from besides it.")
    var views = 0

    @Option(help: "Seed of the episodes and of the views.")
    var seed: UInt64 = 1

    @Option(help: "Where to draw the learning curve (SVG); the closed form has none.")
    var curve: String?

    @OptionGroup var fit: FitOptions

    @OptionGroup var language: LanguageTrainingOptions

    @OptionGroup var features: FeatureOptions

    func validate() throws {
        guard ways >= 2, queries >= 1 else { throw ValidationError("--ways must be at least 2, --queries at least 1") }
        guard (0...100).contains(views) else { throw ValidationError("--views must be from 0 to 100") }
    }

    func run() throws {
        if method == .mask { return try trainMask() }
        var encoder = try features.encoder()
        encoder.encoder.views = views
        encoder.encoder.augmentation.seed = seed
        let table = try features.table(encoder, directory: directory)
        if method == .mllm { return try trainLanguage(table, sight: encoder.model) }
        var trainer = LinkTrainer()
        trainer.fit = try fit.fit(shape: LessonSampler.Shape(ways: ways, queries: queries), seed: seed, curve: curve)
        trainer.seed = seed
        let closer = try trainer.trainCloser(table, classes: table.classes)?.link
        let taps = try encoder.model.encoder().taps
        let outcome = try trainer.train(table, classes: table.classes, taps: taps)
        let packages = (try? String(contentsOfFile: "\(directory)/packages.txt", encoding: .utf8)) ?? ""
        let link = LinkFile(
            parts: outcome.parts, cohort: outcome.cohort, calibrations: outcome.calibrations, closer: closer,
            training: LinkFile.Training(
                strategy: fit.strategy.rawValue, engine: Engine.version, encoder: encoder.encoder.encoder, classes: table.classes.count,
                pictures: table.classes.reduce(0) { $0 + $1.rows.count }, shrinkage: fit.shrinkage,
                provenance: packages.split(separator: "\n").map(String.init)))
        try OutputFile.write(Data(link.encoded()), to: output)
        try print("\(output): \(link.training.classes) classes, \(link.training.pictures) pictures")
        for (method, calibration) in link.calibrations.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            try print("\(method.rawValue): \(calibration)")
        }
        if let closer { try print("metric, closer: \(closer.calibration)") }
    }

    private func trainMask() throws {
        let model = try features.encoder().encoder, examples = try features.masks(model.network, directory: directory)
        var fit = MaskFit()
        fit.seed = seed
        fit.epochs = self.fit.epochs ?? fit.epochs
        let packages = (try? String(contentsOfFile: "\(directory)/packages.txt", encoding: .utf8)) ?? ""
        let mask = try fit.fit(examples, provenance: packages.split(separator: "\n").map(String.init))
        try OutputFile.write(Data(mask.encoded()), to: output)
        try print("\(output): \(examples.sources.count) pictures")
    }

    private func trainLanguage(_ table: FeatureTable, sight: ModelDirectory) throws {
        var fit = LanguageFit(LinkStrategy(rawValue: self.fit.strategy.rawValue) ?? .few)
        fit.epochs = self.fit.epochs ?? fit.epochs
        fit.rate = self.fit.rate ?? fit.rate
        (fit.ways, fit.seed, fit.threads, fit.checkpoints) = (ways, seed, features.threads, try self.fit.journal)
        fit.progress = TrainingReport.show
        fit.finished = TrainingReport(title: "mllm, \(fit.lessons.rawValue), seed \(seed)", curve: curve).finish
        try language.train(fit, table, sight: sight, output: output)
    }
}
