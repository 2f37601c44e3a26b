// SPDX-License-Identifier: Apache-2.0
import LCLModel

/// How a support set and a question become a conversation.
///
/// Each part is text with places: `{image}`, `{label}`, `{begin}` and `{end}` (the tokens that open a text and close an answer, where
/// the model has them), `{answer}` (where the model's own words begin), and `{special NAME}` for any other special token. What
/// stands in a label is always text.
public struct PromptTemplate: Equatable, Sendable {
    enum Piece: Equatable, Sendable {
        case text(String)
        case image
        case label
        case begin
        case end
        case answer
        case special(String)

        var isText: Bool { if case .text = self { true } else { false } }
    }

    /// The first support, with what stands before everything.
    let first: [Piece]
    /// Every other support.
    let support: [Piece]
    /// For the query; the text from its label on is what candidates are scored by, so a closing mark after the label tells
    /// "cat" from "catfish".
    let query: [Piece]

    /// - Parameters:
    ///   - opening: once, before everything.
    ///   - first: the first support, where it is written otherwise than the others.
    /// - Throws: ``LinkError/template(reason:)`` where a place is not known, or a part lacks its picture or its label.
    public init(opening: String = "", first: String? = nil, support: String, query: String) throws(LinkError) {
        let before = try Self.parse(opening)
        guard !before.contains(.label), !before.contains(.image) else {
            throw .template(reason: "its opening shows a picture or a label; it stands before all of them")
        }
        self.first = try Self.parse(opening + (first ?? support))
        self.support = try Self.parse(support)
        self.query = try Self.parse(query)
        for (name, pieces) in [("first support", self.first), ("support", self.support), ("query", self.query)] {
            guard pieces.count(where: { $0 == .image }) == 1, pieces.count(where: { $0 == .label }) == 1 else {
                throw .template(reason: "the \(name) must have one {image} and one {label}")
            }
        }
        let image = self.query.firstIndex(of: .image)!, label = self.query.firstIndex(of: .label)!
        guard image < label, self.query[label...].dropFirst().allSatisfy(\.isText) else {
            throw .template(reason: "the query must show its picture before its label, and only text after it")
        }
        guard self.query.last != .label else {
            throw .template(reason: "the query must go on after its label, if only with a line's end: a label that begins another could never lose")
        }
        if let answer = self.query.firstIndex(of: .answer) {
            guard (image..<label).contains(answer), self.query.count(where: { $0 == .answer }) == 1 else {
                throw .template(reason: "the query's {answer} must stand once, between its picture and its label")
            }
        }
    }

    /// The text that follows a support's label, as a model that follows the supports' example closes its answer; `nil` where none does.
    var closing: String? {
        let next = support.firstIndex(of: .label)! + 1
        return if next < support.count, case .text(let text) = support[next] { text } else { nil }
    }

    private static func parse(_ text: String) throws(LinkError) -> [Piece] {
        var pieces: [Piece] = [], rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            if open > rest.startIndex { pieces.append(.text(String(rest[..<open]))) }
            guard let close = rest[open...].firstIndex(of: "}") else { throw .template(reason: "a '{' is never closed") }
            pieces.append(try place(rest[rest.index(after: open)..<close]))
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        return pieces
    }

    private static func place(_ name: Substring) throws(LinkError) -> Piece {
        switch name {
        case "image": .image
        case "label": .label
        case "begin": .begin
        case "end": .end
        case "answer": .answer
        case _ where name.hasPrefix("special "): .special(String(name.dropFirst(8)))
        default: throw .template(reason: "there is no place '{\(name.prefix(40))}'; there are image, label, begin, end, answer, special NAME")
        }
    }
}
