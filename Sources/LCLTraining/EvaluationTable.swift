// SPDX-License-Identifier: Apache-2.0
import Foundation

extension EvaluationReport {
    /// The report for people: Markdown tables.
    public var table: String {
        let head = "\(method)\(taps.isEmpty ? "" : " on " + taps.joined(separator: " + ")), \(ways) labels, \(episodes) episodes a cell, "
            + (heldOut ? "each source held out of fit, centring and calibration" : "the model as it is") + ", \(seeds)\n"
        return ([
            head,
            Self.table("accuracy, \(negatives.rawValue) negatives", "shots", accuracy, row: \.source, column: { "\($0.shots)" }) {
                Self.text($0.accuracy) + " ± " + Self.text($0.interval)
            },
            Self.table("accuracy of each drawing alone", "shots", accuracy.filter { $0.drawings.count > 1 }, row: \.source, column: { "\($0.shots)" }) {
                $0.drawings.map(Self.text).joined(separator: ", ")
            },
            Self.table("calibration error of the confidence (answers flagged as not to be trusted, %; error of the others)", "shots, negatives", calibration, row: \.source, column: {
                "\($0.shots) \($0.negatives.rawValue)"
            }) { Self.text($0.error) + " (" + Self.text($0.flagged) + ($0.flagged < 100 ? "; \(Self.text($0.trustedError)))" : ")") },
            Self.table("unknown: AUROC (own queries given up, others caught)", "shots, class of the others", unknown, row: \.source, column: {
                "\($0.shots) \($0.negatives.rawValue)"
            }) { "\(Self.text($0.auroc)) (\(Self.text($0.givenUp)), \(Self.text($0.caught)))" },
            Self.table("each query alone -> transductive", "shots, queries", transductive, row: \.source, column: {
                "\($0.shots) \($0.mix)"
            }) { "\(Self.text($0.alone)) -> \(Self.text($0.together)) ± \(Self.text($0.interval))" },
            Self.table("accuracy with supports under wrong labels", "shots, % flipped", flips, row: \.source, column: {
                "\($0.shots) \(Self.text($0.flipped))"
            }) { "\(Self.text($0.accuracy)) ± \(Self.text($0.interval))" },
            Self.table("answers that change with the order of the supports, %", "shots", order, row: \.source, column: { "\($0.shots)" }) {
                Self.text($0.changed)
            },
        ].filter { !$0.isEmpty }).joined(separator: "\n")
    }

    private var seeds: String {
        drawings == 1 ? "seed \(seed)" : "\(drawings) drawings of training classes and episodes, seeds \(seed) to \(seed + UInt64(drawings) - 1)"
    }

    /// One Markdown table; rows and columns in the order in which they first come.
    private static func table<Entry>(
        _ title: String, _ axis: String, _ entries: [Entry], row: (Entry) -> String, column: (Entry) -> String,
        cell: (Entry) -> String
    ) -> String {
        guard !entries.isEmpty else { return "" }
        let rows = entries.map(row).uniqued(), columns = entries.map(column).uniqued()
        let cells = Dictionary(entries.map { ([row($0), column($0)], cell($0)) }) { first, _ in first }
        let lines = rows.map { row in line([row] + columns.map { cells[[row, $0]] ?? "" }) }
        return ([title + " (" + axis + "):", "", line([""] + columns), line(["---"] + columns.map { _ in "---" })] + lines)
            .joined(separator: "\n") + "\n"
    }

    private static func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

    private static func text(_ value: Double) -> String { String(format: "%.1f", value) }
}

extension [String] {
    fileprivate func uniqued() -> [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
