// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

/// What a prompt is made of once its text is tokens.
enum PromptRun: Equatable {
    case tokens([Int])
    case image
}

extension PromptTemplate {
    /// Pieces as tokens and pictures; text without a picture or special token in between is tokenised as one.
    /// - Throws: ``LinkError/template(reason:)`` where the model has no such special token.
    func runs(_ pieces: [Piece], label: String, _ tokenizer: Tokenizer) throws(LinkError) -> [PromptRun] {
        var runs: [PromptRun] = [], text = ""
        func append(_ tokens: [Int]) {
            if case .tokens(let before)? = runs.last { runs[runs.count - 1] = .tokens(before + tokens) } else { runs.append(.tokens(tokens)) }
        }
        func flush() {
            if !text.isEmpty { append(tokenizer.encode(text)) }
            text = ""
        }
        for piece in pieces {
            switch piece {
            case .text(let part): text += part
            case .label: text += label
            case .answer: break
            case .image:
                flush()
                runs.append(.image)
            case .begin, .end:
                flush()
                append([piece == .begin ? tokenizer.vocabulary.beginning : tokenizer.vocabulary.end].compactMap(\.self))
            case .special(let name):
                flush()
                guard let token = tokenizer.special(name) else { throw .template(reason: "the model has no special token '\(name)'") }
                append([token])
            }
        }
        flush()
        return runs.filter { $0 != .tokens([]) }
    }

    /// The query up to where the candidates part, and each candidate's own tokens.
    /// - Throws: ``LinkError``: `template`, `support`, or `labels` where a label's tokens begin with all of another's, which then could never lose.
    func question(labels: [String], _ tokenizer: Tokenizer) throws(LinkError) -> (trunk: [PromptRun], candidates: [[Int]]) {
        var trunk: [PromptRun] = [], candidates: [[Int]] = []
        for label in labels {
            var runs = try runs(query, label: label, tokenizer)
            // The label's text is never empty, and stands in the last run.
            guard case .tokens(let tokens)? = runs.popLast() else { throw .support(reason: "the label '\(label)' has no tokens") }
            candidates.append(tokens)
            trunk = runs
        }
        let order = candidates.indices.sorted { candidates[$0].lexicographicallyPrecedes(candidates[$1]) }
        if let (a, b) = zip(order, order.dropFirst()).first(where: { candidates[$1].starts(with: candidates[$0]) }) {
            let why = candidates[a] == candidates[b] ? "are the same tokens" : "are tokens of which the second's begin with all of the first's, so it could never win"
            throw .labels(reason: "the labels '\(labels[a])' and '\(labels[b])' \(why), to this model; call one of them otherwise")
        }
        let shortest = candidates.map(\.count).min() ?? 0
        let common = (0..<max(0, shortest - 1)).first { i in candidates.contains { $0[i] != candidates[0][i] } } ?? max(0, shortest - 1)
        if common > 0 { trunk.append(.tokens(Array(candidates[0][..<common]))) }
        return (trunk, candidates.map { Array($0[common...]) })
    }

    /// The query up to where the model's own words begin: before its `{answer}`, or before its label.
    func prompt(_ tokenizer: Tokenizer) throws(LinkError) -> [PromptRun] {
        try runs(Array(query.prefix { $0 != .answer && $0 != .label }), label: "", tokenizer)
    }
}

extension [PromptRun] {
    /// Positions.
    func length(image: Int) -> Int {
        reduce(0) { sum, run in
            switch run {
            case .tokens(let tokens): sum + tokens.count
            case .image: sum + image
            }
        }
    }

    func embedded(by model: LanguageModel, image: Matrix?) -> [Matrix] {
        map { run in
            switch run {
            case .tokens(let tokens): return model.embed(tokens)
            case .image:
                guard let image else { preconditionFailure("a picture for every place of one") }
                return image
            }
        }
    }
}
