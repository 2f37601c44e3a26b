// SPDX-License-Identifier: Apache-2.0

/// Comma-separated values as RFC 4180 has them.
package enum CSV {
    /// One record with its end of line.
    package static func record(_ fields: [String]) -> String {
        fields.map(field).joined(separator: ",") + "\r\n"
    }

    private static func field(_ text: String) -> String {
        // Scalars, not characters: a carriage return and a line feed together are one character.
        guard text.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
