// SPDX-License-Identifier: Apache-2.0

/// A length of time as people write it: `90s`, `30m`, `24h`, `7d`.
public enum Span {
    /// Whole seconds, or `nil` where `text` is not such a span, is 0, or exceeds 10,000 days.
    public static func seconds(_ text: String) -> Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let last = text.last, let unit = units[last], let count = Int(text.dropLast()), count > 0,
            count <= 10_000 * 86_400 / unit
        else { return nil }
        return count * unit
    }
}
