// SPDX-License-Identifier: Apache-2.0
import Foundation

extension EvaluationReport {
    /// The report as one HTML page with plots, complete in itself: nothing is fetched.
    public var page: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <meta charset="utf-8">
        <title>lcl eval: \(method.escapedForXML)</title>
        <style>body { font-family: sans-serif; margin: 2em } pre { font-size: 12px; overflow-x: auto } svg { max-width: 100% }</style>
        <h1>lcl eval: \(method.escapedForXML)</h1>
        \(plots.map { "<div>\n\($0)</div>\n" }.joined())<pre>
        \(table.escapedForXML)</pre>
        </html>

        """
    }

    private var plots: [String] {
        let most = (accuracy.map(\.shots) + flips.map(\.shots)).max() ?? 1
        let hard = unknown.filter { $0.negatives == negatives && $0.shots == most }
        let reliable = calibration.filter { $0.negatives == negatives && $0.shots == most }
        let percent: [Chart.Tick] = [(0, "0"), (50, "50"), (100, "100")]
        let shots = Set(accuracy.map(\.shots)).sorted().map { (x: log2(Double($0)), text: "\($0)") }
        let byShots = Chart(
            title: "accuracy by shots, %", horizontal: "supports a label", ticks: shots,
            lines: Self.lines(accuracy, \.source) { [(log2(Double($0.shots)), $0.accuracy)] })
        let flipped = Chart(
            title: "accuracy by flipped labels, % (\(most) shots)", horizontal: "supports under a wrong label, %", ticks: percent,
            lines: Self.lines(flips.filter { $0.shots == most }, \.source) { [($0.flipped, $0.accuracy)] }, vertical: 0...100)
        let reliability = Chart(
            title: "right answers by confidence, % (\(most) shots)", horizontal: "confidence, %", ticks: percent,
            lines: Self.lines(reliable, \.source) { $0.bins.map { ($0.confidence, $0.accuracy) } }, vertical: 0...100, hasDiagonal: true)
        let roc = Chart(
            title: "unknown: own kept by others kept, % (\(most) shots)", horizontal: "others kept, %", ticks: percent,
            lines: Self.lines(hard, \.source) { $0.curve.map { ($0[0], $0[1]) } }, vertical: 0...100, hasDiagonal: true)
        return [Chart.svg([byShots, flipped], title: "Accuracy"), Chart.svg([reliability, roc], title: "Confidence and unknowns")]
    }

    /// One line for each value of `name`, through the points of its entries in their order.
    private static func lines<Entry>(
        _ entries: [Entry], _ name: (Entry) -> String, points: (Entry) -> [(Double, Double)]
    ) -> [Chart.Line] {
        let groups = Dictionary(grouping: entries, by: name)
        return groups.sorted { $0.key < $1.key }.map { name, entries in
            Chart.Line(name: name, points: entries.flatMap(points).map { (x: $0.0, y: $0.1) })
        }
    }
}
