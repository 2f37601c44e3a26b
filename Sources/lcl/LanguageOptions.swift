// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLLink
import LCLModel
import LCLText
import LCLTraining

/// What `lcl eval` and `lcl eval-paper` need to measure a language model.
struct LanguageOptions: ParsableArguments {
    @Option(
        name: .customLong("protocol"),
        help: "Of mllm: forced-choice (the label with the highest score), or paper (the model speaks; right where the right label occurs and no other).")
    var counting: LanguageProtocol?

    @Option(help: "Of mllm: orders of the supports whose scores are averaged; as many as the model's card says unless given.")
    var orders: Int?

    @OptionGroup var prefixes: PrefixOptions

    func validate() throws {
        guard orders.map({ (1...64).contains($0) }) ?? true else { throw ValidationError("--orders is from 1 to 64") }
    }

    var isGiven: Bool { counting != nil || orders != nil }

    /// - Throws: ``ModelError``, ``LinkError``; ``ValidationError`` where the model is of another kind.
    func model(_ features: FeatureOptions) throws -> ConversationModel {
        let directory = try ModelDirectory.find(features.model, in: features.search.path)
        let loaded = try ModelLoader.load(directory, threads: features.threads, memory: 8 << 30, prefixes: prefixes.cache)
        guard let model = loaded as? ConversationModel else {
            throw ValidationError("'\(features.model)' is no language model; name one with --model (`lcl model import` makes one)")
        }
        return model
    }

    func linking(seed: UInt64) -> LinkOptions {
        var options = LinkOptions()
        (options.orders, options.seed) = (orders, seed)
        return options
    }

    func evaluate(_ eval: Eval) throws -> EvaluationReport {
        var evaluation = LanguageEvaluation()
        (evaluation.counting, evaluation.options) = (counting ?? .forcedChoice, linking(seed: eval.seed))
        (evaluation.ways, evaluation.shots, evaluation.negatives) = (eval.ways, eval.shotCounts, eval.negatives)
        (evaluation.episodes, evaluation.seed, evaluation.figures) = (eval.episodes, eval.seed, eval.figures)
        let (report, skipped) = try evaluation.run(model(eval.features), on: PictureTree(root: "\(eval.directory)/test"), progress: Eval.tell)
        for (path, reason) in skipped.sorted(by: { $0.key < $1.key }) { try? Terminal.errors.print("left out: \(Terminal.escape("\(path): \(reason)"))") }
        return report
    }
}

extension LanguageProtocol: ExpressibleByArgument {}
