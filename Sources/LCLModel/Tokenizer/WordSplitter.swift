// SPDX-License-Identifier: Apache-2.0

/// Splits text into the words within which bytes are merged: the patterns of each family's tokenizer, followed by hand. They
/// are tried in the order written here, and each is greedy.
enum WordSplitter: Sendable {
    /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
    case gpt2
    /// Every number by itself first, then as `gpt2` between them.
    case smolLM
    /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
    case llama3
    /// As `llama3`, with `\p{N}`.
    case qwen2

    /// The words' UTF-8 bytes; joined they are the text's.
    func split(_ text: String) -> [[UInt8]] {
        let scalars = Array(text.unicodeScalars), kinds = scalars.map(Letter.init)
        guard self == .smolLM else { return words(scalars, kinds) }
        var result: [[UInt8]] = [], start = 0
        for end in 0...scalars.count where end == scalars.count || kinds[end] == .number {
            result += words(Array(scalars[start..<end]), Array(kinds[start..<end]))
            if end < scalars.count { result.append(Array(String(scalars[end]).utf8)) }
            start = end + 1
        }
        return result
    }

    private func words(_ scalars: [Unicode.Scalar], _ kinds: [Letter]) -> [[UInt8]] {
        var result: [[UInt8]] = [], start = 0
        while start < scalars.count {
            let scan = Scan(scalars: scalars, kinds: kinds, start: start)
            let end = self == .gpt2 || self == .smolLM ? scan.gpt2() : scan.llama3(digits: self == .llama3 ? 3 : 1)
            var word = String.UnicodeScalarView()
            word.append(contentsOf: scalars[start..<end])
            result.append(Array(String(word).utf8))
            start = end
        }
        return result
    }
}

/// What the patterns tell apart.
private enum Letter: Equatable {
    case letter, number, newline, space, other

    init(_ scalar: Unicode.Scalar) {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
        case .decimalNumber, .letterNumber, .otherNumber: self = .number
        default: self = scalar == "\n" || scalar == "\r" ? .newline : properties.isWhitespace ? .space : .other
        }
    }

    var isSpace: Bool { self == .space || self == .newline }
}

/// One word, from `start` on; each function returns its end.
private struct Scan {
    let scalars: [Unicode.Scalar]
    let kinds: [Letter]
    let start: Int

    private func end(from index: Int, while matches: (Letter) -> Bool) -> Int {
        kinds[index...].firstIndex { !matches($0) } ?? kinds.count
    }

    private func kind(_ index: Int) -> Letter? { index < kinds.count ? kinds[index] : nil }

    func gpt2() -> Int {
        if let end = contraction(ignoringCase: false) { return end }
        let first = scalars[start] == " " ? start + 1 : start
        switch kind(first) {
        case .letter: return end(from: first) { $0 == .letter }
        case .number: return end(from: first) { $0 == .number }
        case .other: return end(from: first) { $0 == .other }
        default: return spaces()
        }
    }

    func llama3(digits: Int) -> Int {
        if let end = contraction(ignoringCase: true) { return end }
        if kinds[start] == .letter { return end(from: start) { $0 == .letter } }
        if kinds[start] == .space || kinds[start] == .other, kind(start + 1) == .letter { return end(from: start + 1) { $0 == .letter } }
        if kinds[start] == .number { return min(start + digits, end(from: start) { $0 == .number }) }
        let first = scalars[start] == " " ? start + 1 : start
        if kind(first) == .other { return end(from: end(from: first) { $0 == .other }) { $0 == .newline } }
        // \s*[\r\n]+ takes all up to the run's last line break.
        let run = end(from: start, while: \.isSpace)
        if let last = kinds[start..<run].lastIndex(of: .newline) { return last + 1 }
        return spaces()
    }

    /// `\s+(?!\S)|\s+`: a run of spaces leaves its last one to the word that follows.
    private func spaces() -> Int {
        let run = end(from: start, while: \.isSpace)
        return run < kinds.count && run - start > 1 ? run - 1 : run
    }

    /// `'s|'t|'re|'ve|'m|'ll|'d`
    private func contraction(ignoringCase: Bool) -> Int? {
        guard scalars[start] == "'" else { return nil }
        let tail = scalars[(start + 1)...].prefix(2).map { ignoringCase ? Self.folded($0) : $0 }
        if let first = tail.first, ["s", "t", "m", "d"].contains(first) { return start + 2 }
        return [["r", "e"], ["v", "e"], ["l", "l"]].contains(tail) ? start + 3 : nil
    }

    /// Simple case folding, as far as these letters go: also the long s.
    private static func folded(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        if ("A"..."Z").contains(scalar) { return Unicode.Scalar(scalar.value + 32)! }
        return scalar == "\u{17F}" ? "s" : scalar
    }
}
