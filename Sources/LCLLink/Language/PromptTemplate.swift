// SPDX-License-Identifier: Apache-2.0
import LCLModel

/// How a support set and a question become a conversation.
///
/// Each part is text with places: `{image}`, `{label}`, `{begin}` and `{end}` (the tokens that open a text and close an answer, where
/// the model has them), and `{special NAME}` for any other special token. What stands in a label is always text.
public struct PromptTemplate: Equatable, Sendable {
    enum Piece: Equatable, Sendable {
        case text(String)
        case image
        case label
        case begin
        case end
        case special(String)
    }

    /// Once, before everything.
    let opening: [Piece]
    /// For every support.
    let support: [Piece]
    /// For the query; the text from its label on is what candidates are scored by, so a closing mark after the label tells
    /// "cat" from "catfish".
    let query: [Piece]

    /// - Throws: ``LinkError/support(reason:)`` where a place is not known, or a part lacks its picture or its label.
    public init(opening: String, support: String, query: String) throws(LinkError) {
        self.opening = try Self.parse(opening)
        self.support = try Self.parse(support)
        self.query = try Self.parse(query)
        guard !self.opening.contains(.label), !self.opening.contains(.image) else {
            throw .support(reason: "the template's opening shows a picture or a label; it stands before all of them")
        }
        for (name, pieces) in [("support", self.support), ("query", self.query)] {
            guard pieces.count(where: { $0 == .image }) == 1, pieces.count(where: { $0 == .label }) == 1 else {
                throw .support(reason: "the template's \(name) must have one {image} and one {label}")
            }
        }
        let answer = self.query.drop { $0 != .label }.dropFirst()
        guard answer.allSatisfy({ if case .text = $0 { true } else { false } }), self.query.firstIndex(of: .image)! < self.query.firstIndex(of: .label)! else {
            throw .support(reason: "the template's query must show its picture before its label, and only text after it")
        }
    }

    private init(checked opening: String, _ support: String, _ query: String) {
        do { try self.init(opening: opening, support: support, query: query) } catch { preconditionFailure("\(error)") }
    }

    /// The conversation of the paper (Tai et al., arXiv 2308.07891).
    public static let paper = PromptTemplate(
        checked: "{begin}", "USER: [BEGIN EXAMPLE] What is in the image {image}? ASSISTANT: there is \"{label}\" in the image. [END EXAMPLE]{end}",
        "USER: Based on the previous examples, what is in the image {image}? ASSISTANT: there is \"{label}\"")

    /// The picture right before its label, and nothing else.
    public static let compact = PromptTemplate(checked: "{begin}", "{image} {label}\n", "{image} {label}\n")

    /// The paper's questions in ChatML turns, as SmolLM2 and Qwen2 were taught.
    public static let chat = PromptTemplate(
        checked: "{begin}",
        "{special <|im_start|>}user\nWhat is in the image {image}?{special <|im_end|>}\n{special <|im_start|>}assistant\nthere is \"{label}\" in the image."
            + "{special <|im_end|>}\n",
        "{special <|im_start|>}user\nBased on the previous examples, what is in the image {image}?{special <|im_end|>}\n{special <|im_start|>}assistant\n"
            + "there is \"{label}\"")

    private static func parse(_ text: String) throws(LinkError) -> [Piece] {
        var pieces: [Piece] = [], rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
            guard let close = rest[open...].firstIndex(of: "}") else { throw .support(reason: "a '{' of the template is never closed") }
            let name = rest[rest.index(after: open)..<close]
            switch name {
            case "image": pieces.append(.image)
            case "label": pieces.append(.label)
            case "begin": pieces.append(.begin)
            case "end": pieces.append(.end)
            case _ where name.hasPrefix("special "): pieces.append(.special(String(name.dropFirst(8))))
            default: throw .support(reason: "the template has no place called '{\(name)}'; there are image, label, begin, end, special NAME")
            }
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        return pieces
    }
}

// MARK: - Tokens

/// What a prompt is made of once its text is tokens.
enum PromptRun: Equatable {
    case tokens([Int])
    case image
}

extension PromptTemplate {
    /// Pieces as tokens and pictures; text without a picture or special token in between is tokenised as one.
    /// - Throws: ``LinkError/support(reason:)`` where the model has no such special token.
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
            case .image:
                flush()
                runs.append(.image)
            case .begin, .end:
                flush()
                append([piece == .begin ? tokenizer.vocabulary.beginning : tokenizer.vocabulary.end].compactMap(\.self))
            case .special(let name):
                flush()
                guard let token = tokenizer.special(name) else { throw .support(reason: "the model has no special token '\(name)' for the template") }
                append([token])
            }
        }
        flush()
        return runs.filter { $0 != .tokens([]) }
    }

    /// The query up to where the candidates part, and each candidate's own tokens.
    func question(labels: [String], _ tokenizer: Tokenizer) throws(LinkError) -> (trunk: [PromptRun], candidates: [[Int]]) {
        var trunk: [PromptRun] = [], candidates: [[Int]] = []
        for label in labels {
            var runs = try runs(query, label: label, tokenizer)
            // The label's text is never empty, and stands in the last run.
            guard case .tokens(let tokens)? = runs.popLast() else { throw .support(reason: "the label '\(label)' has no tokens") }
            candidates.append(tokens)
            trunk = runs
        }
        let shortest = candidates.map(\.count).min() ?? 0
        let common = (0..<max(0, shortest - 1)).first { i in candidates.contains { $0[i] != candidates[0][i] } } ?? max(0, shortest - 1)
        if common > 0 { trunk.append(.tokens(Array(candidates[0][..<common]))) }
        return (trunk, candidates.map { Array($0[common...]) })
    }
}
