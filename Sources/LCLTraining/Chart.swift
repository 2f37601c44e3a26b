// SPDX-License-Identifier: Apache-2.0
import Foundation

/// One set of axes with lines, as SVG that any browser opens without a network.
struct Chart {
    struct Line {
        let name: String
        let points: [(x: Double, y: Double)]
    }

    /// A place on the horizontal axis and what is written there.
    typealias Tick = (x: Double, text: String)

    let title: String
    let horizontal: String
    var ticks: [Tick]
    let lines: [Line]
    /// The vertical axis; `nil` is from the least to the greatest value.
    var vertical: ClosedRange<Double>?
    /// A dashed vertical line.
    var marked: Double?
    /// A dashed line from corner to corner.
    var hasDiagonal = false

    static let width = 400.0, height = 260.0
    private static let left = 46.0, right = 300.0, top = 26.0, bottom = 220.0
    private static let colours = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf", "#7f7f7f"]

    /// Charts side by side under a heading.
    static func svg(_ charts: [Chart], title: String) -> String {
        let drawn = charts.enumerated().map { "<g transform=\"translate(\(Double($0) * width) 20)\">\n\($1.drawn)</g>\n" }
        let size = (width: Double(charts.count) * width, height: height + 20)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size.width) \(size.height)" width="\(size.width)" \
            height="\(size.height)" font-family="sans-serif" font-size="11">
            <rect width="100%" height="100%" fill="white"/>
            <text x="\(left)" y="16" font-size="13">\(title.escapedForXML)</text>
            \(drawn.joined())</svg>

            """
    }

    private var drawn: String {
        let ys = lines.flatMap { $0.points.map(\.y) }
        let low = vertical?.lowerBound ?? ys.min() ?? 0, high = max(vertical?.upperBound ?? ys.max() ?? 1, low + 1e-6)
        let xs = lines.flatMap { $0.points.map(\.x) } + ticks.map(\.x)
        let first = xs.min() ?? 0, last = max(xs.max() ?? 1, first + 1e-6)
        func x(_ value: Double) -> Double { Self.left + (value - first) / (last - first) * (Self.right - Self.left) }
        func y(_ value: Double) -> Double { Self.bottom - (value - low) / (high - low) * (Self.bottom - Self.top) }
        var out = path("M\(Self.left) \(Self.top)V\(Self.bottom)H\(Self.right)", "#888")
        if hasDiagonal { out += path("M\(Self.left) \(Self.bottom)L\(Self.right) \(Self.top)", "#bbb", " stroke-dasharray=\"3 3\"") }
        if let marked { out += path(String(format: "M%.1f %.1fV%.1f", x(marked), Self.top, Self.bottom), "#888", " stroke-dasharray=\"3 3\"") }
        out += text(Self.left, Self.top - 8, title, " font-weight=\"bold\"")
        out += text(4, Self.top + 4, String(format: "%.4g", high)) + text(4, Self.bottom, String(format: "%.4g", low))
        for tick in ticks { out += text(x(tick.x), Self.bottom + 14, tick.text, " text-anchor=\"middle\"") }
        out += text((Self.left + Self.right) / 2, Self.bottom + 30, horizontal, " text-anchor=\"middle\"")
        for (index, line) in lines.enumerated() {
            let colour = Self.colours[index % Self.colours.count]
            let points = line.points.map { String(format: "%.1f,%.1f", x($0.x), y($0.y)) }.joined(separator: " ")
            out += "<polyline points=\"\(points)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.5\"/>\n"
            out += text(Self.right + 6, Self.top + 8 + Double(index) * 14, line.name, " fill=\"\(colour)\"")
        }
        return out
    }

    private func path(_ path: String, _ colour: String, _ more: String = "") -> String {
        "<path d=\"\(path)\" fill=\"none\" stroke=\"\(colour)\"\(more)/>\n"
    }

    private func text(_ x: Double, _ y: Double, _ text: String, _ more: String = "") -> String {
        "<text x=\"\(String(format: "%.1f", x))\" y=\"\(String(format: "%.1f", y))\"\(more)>\(text.escapedForXML)</text>\n"
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
