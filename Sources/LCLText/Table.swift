// SPDX-License-Identifier: Apache-2.0

/// Rows of text in aligned columns. Cells are escaped here, so no stranger's text reaches the terminal as it is.
package struct Table {
    package struct Column {
        let title: String
        let alignsRight: Bool
        /// Longer cells are cut.
        let maximum: Int

        package init(_ title: String, right: Bool = false, maximum: Int = .max) {
            self.title = title
            alignsRight = right
            self.maximum = maximum
        }
    }

    package struct Cell: ExpressibleByStringInterpolation {
        package let text: String
        package let colour: Colour?

        package init(_ text: String, _ colour: Colour? = nil) {
            self.text = text
            self.colour = colour
        }

        package init(stringLiteral text: String) { self.init(text) }
    }

    private let columns: [Column]
    private var rows: [[Cell]] = []

    package init(_ columns: [Column]) { self.columns = columns }

    package mutating func add(_ row: [Cell]) {
        precondition(row.count == columns.count, "a row has a cell for each column")
        rows.append(zip(row, columns).map { Cell(Self.cut(Terminal.escape($0.text), to: $1.maximum), $0.colour) })
    }

    /// Every line ends with a newline; none has spaces at its end.
    package func text(colour: Bool) -> String {
        let head = columns.map { Cell($0.title, .bold) }
        let widths = columns.indices.map { i in
            ([head] + rows).map { Terminal.width(of: $0[i].text) }.max() ?? 0
        }
        return ([head] + rows).map { line($0, widths, colour: colour) + "\n" }.joined()
    }

    private func line(_ row: [Cell], _ widths: [Int], colour: Bool) -> String {
        let last = row.lastIndex { !$0.text.isEmpty } ?? 0
        return row.indices.prefix(last + 1).map { i in
            let padding = String(repeating: " ", count: widths[i] - Terminal.width(of: row[i].text))
            let text = row[i].colour?.paint(row[i].text, colour) ?? row[i].text
            if columns[i].alignsRight { return padding + text }
            return i == last ? text : text + padding
        }.joined(separator: "  ")
    }

    private static func cut(_ text: String, to maximum: Int) -> String {
        guard Terminal.width(of: text) > maximum else { return text }
        var kept = ""
        for character in text {
            guard Terminal.width(of: kept + String(character)) < maximum else { break }
            kept.append(character)
        }
        return kept + "…"
    }
}
