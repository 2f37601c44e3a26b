// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

extension LinkedConversation {
    /// What the model says of each query by itself, token by likeliest token, until it closes its answer as the supports do, or
    /// its turn: the protocol of the paper's tables. It reads each query anew for every token, so it is slow; it is there for comparison.
    /// - Parameters:
    ///   - queries: as for ``scores(_:alive:)``; those that do not fit have no words.
    ///   - limit: tokens at most.
    public func freeAnswers(_ queries: [Matrix], limit: Int = 32) -> [String] {
        var texts = queries.map { Matrix(joining: prompt.embedded(by: model, image: $0)) }
        var words = [[Int]](repeating: [], count: queries.count)
        var open = texts.indices.filter { texts[$0].rowCount + limit + length <= model.context }
        for _ in 0..<limit where !open.isEmpty {
            var next: [Int] = []
            for part in stride(from: 0, to: open.count, by: 16).map({ open[$0..<min(open.count, $0 + 16)] }) {
                for (query, token) in zip(part, model.likeliest(part.map { texts[$0] }, after: readings[0].prefix)) where !tokenizer.vocabulary.isControl(token) {
                    words[query].append(token)
                    if end(of: tokenizer.decode(words[query])) != nil { continue }
                    texts[query] = Matrix(joining: [texts[query], model.embed([token])])
                    next.append(query)
                }
            }
            open = next
        }
        return words.map { words in
            let text = tokenizer.decode(words)
            return String(text[..<(end(of: text) ?? text.endIndex)])
        }
    }

    private func end(of words: String) -> String.Index? { closing.flatMap { words.firstRange(of: $0)?.lowerBound } }
}

/// Whether a free answer is right as the paper counts it: the right label occurs in it, and once that is taken out, no other does.
public enum FreeAnswer {
    public static func isRight(_ words: String, label: Int, names: [String]) -> Bool {
        let words = words.lowercased(), right = names[label].lowercased()
        guard words.contains(right) else { return false }
        let rest = words.replacing(right, with: "")
        return names.indices.allSatisfy { $0 == label || !rest.contains(names[$0].lowercased()) }
    }
}
