// SPDX-License-Identifier: Apache-2.0
import LCLJob
import LCLText

/// What a training has made, for people.
package enum TrainingText {
    package static func summary(_ result: TrainingResult, colour: Bool) -> String {
        let counts = result.counts, validation = result.validation
        var lines = [
            "model: \(Colour.good.paint(Terminal.escape(result.model.name), colour)) (\(Terminal.escape(String(result.model.sha256.prefix(12)))))"
                + (result.shared ? ", for everybody" : ", yours alone") + "; write \"model\": \"\(Terminal.escape(result.model.name))\" in a manifest",
            "learned by \(result.strategy.rawValue), seed \(result.seed), from \(Terminal.escape(result.base.name)) (\(Terminal.escape(String(result.base.sha256.prefix(12)))))",
            "pictures: \(counts.used) of \(counts.pictures) used, under \(Wording.count(counts.labels, "label"))",
        ]
        var accuracy = "accuracy on labels held out: \(Wording.percent(validation.accuracy))"
        if let base = validation.baseAccuracy { accuracy += ", the base model's \(Wording.percent(base))" }
        lines.append(accuracy + ", plain features' \(Wording.percent(validation.plainAccuracy)) (\(Wording.count(validation.episodes, "episode")))")
        if let curve = result.curve, curve.points.count > 1 { lines.append("kept epoch \(curve.bestEpoch) of \(curve.points.count - 1)") }
        lines += result.skipped.map {
            Colour.bad.paint("  left out: \(Terminal.escape($0.image)): \(Terminal.escape($0.error.description))", colour)
        }
        lines.append(Terminal.escape(result.engine))
        return lines.map { $0 + "\n" }.joined()
    }
}
