// SPDX-License-Identifier: Apache-2.0
import Foundation

/// One set of axes with lines over 0, 1, 2 ... as SVG.
struct ChartPanel {
    let title: String
    let lines: [(name: String, values: [Float?])]

    static let width = 360.0, height = 240.0, margin = 40.0
    static let colours = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd"]

    /// - Parameter marked: a place on the horizontal axis with a dashed line.
    static func svg(_ panels: [ChartPanel], title: String, marked: Int?, horizontal: String) -> String {
        let drawn = panels.enumerated().map { index, panel in
            "<g transform=\"translate(\(Double(index) * (width + margin)) 24)\">\n\(panel.drawn(marked: marked, horizontal: horizontal))</g>\n"
        }
        let size = (Double(panels.count) * (width + margin), height + 24)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size.0) \(size.1)" width="\(size.0)" height="\(size.1)" \
            font-family="sans-serif" font-size="11">
            <rect width="100%" height="100%" fill="white"/>
            <text x="\(margin)" y="16" font-size="13">\(title.escapedForXML)</text>
            \(drawn.joined())</svg>

            """
    }

    private func drawn(marked: Int?, horizontal: String) -> String {
        let values = lines.flatMap(\.values).compactMap { $0 }.map(Double.init)
        let low = values.min() ?? 0, high = max(values.max() ?? 1, low + 1e-6)
        let last = max(1, (lines.map(\.values.count).max() ?? 1) - 1)
        func x(_ index: Int) -> Double { Self.margin + Double(index) / Double(last) * (Self.width - Self.margin) }
        func y(_ value: Double) -> Double { 20 + (high - value) / (high - low) * (Self.height - Self.margin - 20) }
        func text(_ x: Double, _ y: Double, _ text: String, _ more: String = "") -> String {
            String(format: "<text x=\"%.1f\" y=\"%.1f\"%@>%@</text>\n", x, y, more, text.escapedForXML)
        }
        var out = String(
            format: "<path d=\"M%.1f 20V%.1fH%.1f\" fill=\"none\" stroke=\"#888\"/>\n", Self.margin, y(low), Self.width)
        out += text(0, y(high) + 4, String(format: "%.4g", high)) + text(0, y(low), String(format: "%.4g", low))
        out += text(Self.margin, 12, title) + text(Self.margin, y(low) + 14, "0") + text(Self.width - 18, y(low) + 14, "\(last)")
        out += text(Self.width / 2, y(low) + 14, horizontal)
        if let marked {
            out += String(
                format: "<path d=\"M%.1f 20V%.1f\" stroke=\"#888\" stroke-dasharray=\"3 3\"/>\n", x(marked), y(low))
        }
        for (index, line) in lines.enumerated() {
            let colour = Self.colours[index % Self.colours.count]
            let points = line.values.enumerated().compactMap { index, value in
                value.map { String(format: "%.1f,%.1f", x(index), y(Double($0))) }
            }
            out += "<polyline points=\"\(points.joined(separator: " "))\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.5\"/>\n"
            out += text(Self.width - 70, 12 + Double(index) * 13, line.name, " fill=\"\(colour)\"")
        }
        return out
    }
}

extension String {
    /// Safe as text and in attributes of XML and HTML.
    var escapedForXML: String {
        reduce(into: "") { out, character in
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
    }
}
