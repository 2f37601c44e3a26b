// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLJob
import LCLLink
import LCLModel
import LCLText
import LCLTraining

/// Measures accuracy, calibration, unknowns and transductive scoring on held-out classes.
struct Eval: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure a method on classes and sources that it was not trained on.",
        discussion: """
            DIR holds train/SOURCE/CLASS/*.png|jpg and test/SOURCE/CLASS/*.png|jpg (Tests/Reference/eval_data.py makes such a \
            folder). Each source in turn is left out of fit, centring and calibration, and episodes are drawn from its test \
            classes; where DIR also has masks/SOURCE, the mask of the closer look is learned without that source. Intervals are \
            95 %, over episodes alone.
            """)

    @Argument(help: "The folder with train/ and test/.")
    var directory: String

    @Option(help: "metric, prototype, or mllm: a language model's (--model), on the test pictures.")
    var method = EvaluatedMethod.metric

    @Flag(help: "What to measure: everything; only accuracy; only what flipped labels do, accuracy with 0 to 100 % of the supports under a wrong label.")
    var figures = EvaluationReport.Figures.all

    @Option(help: "Labels of an episode.")
    var ways = 2

    @Option(help: "Supports of each label, comma-separated.")
    var shots = "1,4,16"

    @Option(help: "hard: one of the 5 nearest classes; random: any of the same source.")
    var negatives = Negatives.hard

    @Option(help: "Episodes of each cell.")
    var episodes = 1000

    @Option(help: "Seed of the episodes.")
    var seed: UInt64 = 1

    @Option(help: "How often training classes (one in six is left out) and episodes are drawn; 1: all classes, once.")
    var drawings = 1

    @Option(help: "The source to hold out; all: each in turn; none: measure the model's own link file, which may have seen them.")
    var heldOut = "all"

    @Option(help: "Taps to compare by, comma-separated, instead of the model's (such as head.mean).")
    var taps: String?

    @Option(help: "Also write tables and plots to this HTML file, which opens offline.")
    var html: String?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var language: LanguageOptions

    @OptionGroup var fit: FitOptions

    @OptionGroup var features: FeatureOptions

    func validate() throws {
        guard !shotCounts.isEmpty, shotCounts.allSatisfy({ $0 > 0 }) else { throw ValidationError("--shots must be such as 1,4,16") }
        guard ways >= 2, episodes >= 1, (1...100).contains(drawings) else {
            throw ValidationError("--ways must be at least 2, --episodes at least 1, --drawings from 1 to 100")
        }
        guard method == .mllm || !language.isGiven else { throw ValidationError("--protocol and --orders are for --method mllm") }
        guard heldOut != "none" || taps == nil else { throw ValidationError("--taps is for fitting: it does not go with --held-out none") }
    }

    var shotCounts: [Int] { shots.split(separator: ",").map { Int($0) ?? 0 } }

    func run() throws {
        let report = try method == .mllm ? language.evaluate(self) : measured()
        if let html { try OutputFile.write(Data(report.page.utf8), to: html) }
        if json {
            try print(json: report)
        } else {
            try Terminal.output.write(Data(report.table.utf8))
        }
    }

    private func measured() throws -> EvaluationReport {
        var encoder = try features.encoder()
        let names = try taps?.split(separator: ",").map(String.init) ?? encoder.model.encoder().taps
        try encoder.encoder.add(taps: names)
        let masks = "\(directory)/masks", isCloser = taps == nil && method == .metric && encoder.encoder.network.mask != nil
        let examples = try isCloser && heldOut != "none" && FileManager.default.fileExists(atPath: masks)
            ? features.masks(encoder.encoder.network, directory: masks) : nil
        let training = try features.table(encoder, directory: "\(directory)/train"), test = try features.table(encoder, directory: "\(directory)/test")
        guard ["all", "none"].contains(heldOut) || test.sources.contains(heldOut) else {
            throw ValidationError("there is no source '\(heldOut)' in \(directory)/test; it has \(test.sources.joined(separator: ", "))")
        }
        let link = try heldOut == "none" ? LinkModel(directory: encoder.model).link : nil
        var reports: [EvaluationReport] = []
        for source in ["all", "none"].contains(heldOut) ? test.sources : [heldOut] {
            var held = (training: training, test: test)
            if let examples {
                let closer = (model: encoder.model, encoder: encoder.encoder.closer(try MaskFit().fit(examples, without: source))), mark = "-without-\(source)"
                held.training = training.replaced(by: try features.table(closer, directory: "\(directory)/train", mark: mark) { $0 != source })
                held.test = test.replaced(by: try features.table(closer, directory: "\(directory)/test", mark: mark) { $0 == source })
            }
            reports.append(
                try evaluation().run(
                    training: held.training, test: held.test, sources: [source], taps: names, looksCloser: isCloser, link: link, progress: Self.tell))
        }
        return EvaluationReport(joining: reports)
    }

    static func tell(_ source: String) {
        if isatty(2) == 1 { FileHandle.standardError.write(Data("measuring \(source)\n".utf8)) }
    }

    private func evaluation() throws -> Evaluation {
        var evaluation = Evaluation()
        evaluation.method = method == .prototype ? .prototype : .metric
        evaluation.figures = figures
        evaluation.ways = ways
        evaluation.shots = shotCounts
        evaluation.negatives = negatives
        evaluation.episodes = episodes
        evaluation.seed = seed
        evaluation.drawings = drawings
        evaluation.trainer.fit = try fit.fit(seed: seed)
        return evaluation
    }
}

/// What can be measured.
enum EvaluatedMethod: String, CaseIterable, ExpressibleByArgument {
    case metric
    case prototype
    case mllm
}

extension Negatives: ExpressibleByArgument {}
extension EvaluationReport.Figures: EnumerableFlag {}
