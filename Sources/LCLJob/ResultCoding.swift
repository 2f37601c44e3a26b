// SPDX-License-Identifier: Apache-2.0
import Foundation

extension JobResult {
    /// The bytes of `result.json`: those of ``CanonicalJSON``, made one answer after the other, since an encoder first makes a tree of all that
    /// it is given, gigabytes of a million queries.
    public func encoded() throws -> Data {
        var head = self
        head.queries = []
        var text = try CanonicalJSON.encode(head, pretty: true)
        // Texts have no line ends of their own, so this is no part of one.
        let opening = Data("\n  \"queries\" : [".utf8)
        guard !queries.isEmpty, let place = text.range(of: opening + Data("\n\n  ]".utf8)) else { return text }
        let encoder = CanonicalJSON.encoder(pretty: true), newline = UInt8(ascii: "\n"), indent = Data("    ".utf8)
        let rest = text[place.upperBound...]
        text = text[..<place.lowerBound] + opening
        for (number, verdict) in queries.enumerated() {
            if number > 0 { text.append(UInt8(ascii: ",")) }
            for line in try encoder.encode(verdict).split(separator: newline, omittingEmptySubsequences: false) {
                text.append(newline)
                if !line.isEmpty { text += indent }
                text += line
            }
        }
        return text + Data("\n  ]".utf8) + rest
    }
}
