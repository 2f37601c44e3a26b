// SPDX-License-Identifier: Apache-2.0

extension Settings {
    /// Every key with its value, its origin, what it means, and its variable; what `lcld config` prints.
    package func table() -> String {
        let rows = ConfigurationKey.all.map { key in
            [key.name, values[key.name]!.text.isEmpty ? "-" : values[key.name]!.text, values[key.name]!.origin, key.variable, key.summary + (key.isLive ? " (live)" : "")]
        }
        let header = ["key", "value", "from", "variable", "meaning"]
        let widths = header.indices.map { column in (rows + [header]).map { $0[column].count }.max()! }
        return ([header] + rows).map { row in
            zip(row, widths).map { $0.padding(to: $1) }.joined(separator: "  ").trimmingSuffix(while: { $0 == " " }) + "\n"
        }.joined()
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
        var copy = self[...]
        while let last = copy.last, predicate(last) { copy.removeLast() }
        return String(copy)
    }
}
