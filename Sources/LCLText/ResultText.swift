// SPDX-License-Identifier: Apache-2.0
import LCLJob

/// A result as a table for people, or as CSV for programs.
package enum ResultText {
    package static func table(_ result: JobResult, colour: Bool) -> String {
        var table = Table([
            .init("QUERY", maximum: 60), .init("LABEL", maximum: 40), .init("CONFIDENCE", right: true), .init("MARGIN", right: true),
            .init("NEAREST SUPPORT", maximum: 60),
        ])
        for verdict in result.queries { table.add(row(verdict)) }
        return table.text(colour: colour) + "\n" + summary(result, colour: colour)
    }

    private static func row(_ verdict: Verdict) -> [Table.Cell] {
        guard let answer = verdict.answer else {
            return [.init(verdict.id), .init("failed", .bad), "", "", .init(verdict.error?.description ?? "", .bad)]
        }
        let nearest = answer.nearest.first.map { "\($0.image) (\(Wording.decimals($0.similarity, 2)))" }
        return [
            .init(verdict.id), answer.unknown ? .init("unknown (\(answer.label)?)", .doubtful) : .init(answer.label, .good),
            .init(Wording.percent(answer.confidence)), .init(Wording.decimals(answer.margin, 2)), .init(nearest ?? ""),
        ]
    }

    private static func summary(_ result: JobResult, colour: Bool) -> String {
        let counts = result.counts
        var lines = [
            "\(Wording.count(counts.queries, "query", "queries")): \(counts.answered) answered, \(counts.unknown) unknown, \(counts.failed) failed"
        ]
        if let evaluation = result.evaluation {
            lines.append("accuracy: \(Wording.percent(evaluation.accuracy)) (\(evaluation.correct) of \(evaluation.expected) as expected)")
        }
        var support = "support: \(Wording.count(result.support.images, "picture"))"
        if let accuracy = result.support.leaveOneOutAccuracy { support += ", \(Wording.percent(accuracy)) of them told right by the others" }
        lines.append(support)
        if result.support.confidenceTrusted == false {
            lines.append(Colour.doubtful.paint("confidence: a rank only: fewer than six supports could be left out, so nothing tells how far to believe it", colour))
        }
        lines += result.support.suspects.map {
            Colour.doubtful.paint("  look again: \(Terminal.escape($0.image)) is under \(Terminal.escape($0.label)) and looks like \(Terminal.escape($0.looksLike)) (\(Wording.percent($0.confidence)))", colour)
        }
        lines += result.support.skipped.map {
            Colour.bad.paint("  left out: \(Terminal.escape($0.image)): \(Terminal.escape($0.error.description))", colour)
        }
        lines.append("model \(Terminal.escape(result.model.name)) (\(Terminal.escape(String(result.model.sha256.prefix(12))))), method \(result.method.rawValue), \(Terminal.escape(result.engine))")
        return lines.map { $0 + "\n" }.joined()
    }

    package static func csv(_ result: JobResult) -> String {
        let head = ["id", "image", "sha256", "label", "confidence", "unknown", "margin", "nearest", "similarity", "error", "message"]
        return CSV.record(head) + result.queries.map { CSV.record(fields($0)) }.joined()
    }

    private static func fields(_ verdict: Verdict) -> [String] {
        let answer = verdict.answer, nearest = answer?.nearest.first
        return [
            verdict.id, verdict.image, verdict.sha256 ?? "", answer?.label ?? "", answer.map { "\($0.confidence)" } ?? "",
            answer.map { "\($0.unknown)" } ?? "", answer.map { "\($0.margin)" } ?? "", nearest?.image ?? "",
            nearest.map { "\($0.similarity)" } ?? "", verdict.error?.code.rawValue ?? "", verdict.error?.message ?? "",
        ]
    }
}
