// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLJob
import LCLLink
import LCLModel
import LCLText
import LCLTraining

/// Measures a model on the paper's own benchmark files.
struct EvalPaper: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval-paper",
        abstract: "Measure a model on the files of the paper's benchmarks, ISEKAI and ImageNet-100.",
        discussion: """
            FILE has one JSON object a line: ISEKAI's questions (image_name, positive_list, negative_list, positive_promt, \
            negative_promt, label_name), or classes with neighbours (class_name, samples, neighbors), as in *_pairs.jsonl. The \
            answer is a forced choice of two: guessing is right half of the time. The paper's tables are of free generation: \
            --method mllm --protocol paper.
            """)

    @Argument(help: "The file of questions or of classes.")
    var file: String

    @Option(help: "The folder that the file's paths are from.")
    var images: String

    @Option(help: "Numbers of supports, of both labels together as in the paper; even, comma-separated.")
    var supports = "2,4,8,16"

    @Option(help: "metric, prototype, or mllm: a language model's (--model).")
    var method = EvaluatedMethod.metric

    @Option(help: "Questions of each class, where the file has classes.")
    var queries = 10

    @Option(help: "Seed of those questions.")
    var seed: UInt64 = 1

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var language: LanguageOptions

    @OptionGroup var features: FeatureOptions

    func validate() throws {
        guard !counts.isEmpty, counts.allSatisfy({ $0 > 0 && $0 % 2 == 0 }) else {
            throw ValidationError("--supports must be even numbers such as 2,4,8,16")
        }
        guard queries >= 1 else { throw ValidationError("--queries must be at least 1") }
    }

    private var counts: [Int] { supports.split(separator: ",").map { Int($0) ?? 0 } }

    func run() throws {
        let cells = try method == .mllm ? spoken() : compared()
        if json {
            try print(json: cells)
        } else {
            try print("\(method.rawValue), \(language.counting == .paper ? "free answers" : "forced choice of two"), 95 % intervals over questions\n\n| N | accuracy | questions | left out |\n| --- | --- | --- | --- |")
            for cell in cells {
                try print(String(format: "| %d | %.1f ± %.1f | %d | %d |", cell.n, cell.accuracy, cell.interval, cell.questions, cell.leftOut))
            }
        }
    }

    private func compared() throws -> [PaperEvaluation.Cell] {
        let encoder = try features.encoder(), link = try LinkModel(directory: encoder.model).link
        guard let method = LinkModel.Method(rawValue: method.rawValue), link.methods.contains(method) else {
            throw LinkError.method(name: method.rawValue, model: encoder.model.card.name, supported: link.methods.map(\.rawValue))
        }
        let evaluation = PaperEvaluation(try episodes())
        let (table, skipped) = try encoder.encoder.table(evaluation.pictures)
        Self.tell(skipped)
        return try evaluation.run(table, method: link.linking(method), supports: counts)
    }

    private func spoken() throws -> [PaperEvaluation.Cell] {
        let (cells, skipped) = try PaperEvaluation(episodes()).run(
            language.model(features), supports: counts, counting: language.counting ?? .forcedChoice, options: language.linking(seed: seed))
        Self.tell(skipped)
        return cells
    }

    private static func tell(_ skipped: [String: String]) {
        for (path, reason) in skipped.sorted(by: { $0.key < $1.key }) { try? Terminal.errors.print("left out: \(Terminal.escape("\(path): \(reason)"))") }
    }

    private func episodes() throws -> [PaperEpisode] {
        do {
            return try PaperFile.isekai(file, images: images)
        } catch TrainingError.list(_, line: 1, _) {
            return try PaperFile.pairs(file, images: images, queries: queries, seed: seed)
        }
    }
}
