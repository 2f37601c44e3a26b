// SPDX-License-Identifier: Apache-2.0
import LCLJob

/// A result for people: one line a query, then the counts.
struct ResultTable {
    let text: String

    init(_ result: JobResult) {
        let rows = [["query", "label", "confidence", "nearest support"]] + result.queries.map(Self.row)
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
        let lines = rows.map { row in
            // The last column needs no room behind it.
            zip(row.dropLast(), widths).map { $0 + String(repeating: " ", count: $1 - $0.count) + "  " }.joined() + row.last!
        }
        var summary = "\(result.counts.answered) answered, \(result.counts.unknown) unknown, \(result.counts.failed) failed"
        if let evaluation = result.evaluation {
            summary += "; \(evaluation.correct) of \(evaluation.expected) as expected (\(Self.percent(evaluation.accuracy)))"
        }
        if result.support.confidenceTrusted == false { summary += "; confidence is a rank only" }
        text = lines.joined(separator: "\n") + "\n" + summary + "\n"
    }

    private static func row(_ verdict: Verdict) -> [String] {
        let id = shown(verdict.id)
        guard let answer = verdict.answer else { return [id, "!", "", shown(verdict.error?.message ?? "")] }
        let nearest = answer.nearest.first.map { "\(shown($0.image)) (\(percent($0.similarity)))" } ?? ""
        return [id, answer.unknown ? "? (\(shown(answer.label)))" : shown(answer.label), percent(answer.confidence), nearest]
    }

    private static func percent(_ value: Double) -> String {
        let tenths = Int((value * 1000).rounded())
        return "\(tenths / 10).\(abs(tenths % 10)) %"
    }

    /// Names come from outside: control characters are shown, never sent to the terminal.
    private static func shown(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 32 || (0x7f...0x9f).contains($0.value) ? "\u{FFFD}" : $0 }))
    }
}
