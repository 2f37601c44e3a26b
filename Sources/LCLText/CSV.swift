// SPDX-License-Identifier: Apache-2.0

/// Comma-separated values as RFC 4180 has them.
package enum CSV {
    /// One record with its end of line.
    package static func record(_ fields: [String]) -> String {
        fields.map(field).joined(separator: ",") + "\r\n"
    }

    private static func field(_ text: String) -> String {
        let text = isFormula(text) ? "'" + text : text
        // Scalars, not characters: a carriage return and a line feed together are one character, and so are a quote and a mark above it.
        guard text.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else { return text }
        let doubled = text.unicodeScalars.flatMap { $0 == "\"" ? [$0, $0] : [$0] }
        return "\"" + String(String.UnicodeScalarView(doubled)) + "\""
    }

    /// Whether a spreadsheet would compute it, and it is no number: names come from strangers.
    private static func isFormula(_ text: String) -> Bool {
        guard let first = text.unicodeScalars.first else { return false }
        return "=+-@\t\r".unicodeScalars.contains(first) && Double(text) == nil
    }
}
