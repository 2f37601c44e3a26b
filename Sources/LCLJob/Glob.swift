// SPDX-License-Identifier: Apache-2.0

/// A shell pattern over relative paths: `*` and `?` within one name, `[a-z]` and `[!a-z]`, `**` over any number of
/// folders. See glob(7). Matching takes time proportional to pattern x path, whatever the pattern.
public struct Glob: Sendable {
    private let components: [[Token]]

    private enum Token: Equatable, Sendable {
        case one(Character)
        case any
        case run
        case set([ClosedRange<Character>], negated: Bool)
    }

    /// Whether `text` has characters that make it a pattern rather than a path.
    public static func isPattern(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

    /// The folder that everything that matches lies in, with a `/` at its end; empty where that is not plain.
    static func folder(of pattern: String) -> String {
        let plain = pattern.prefix { !"*?[".contains($0) }
        guard !pattern.contains("//"), let cut = plain.lastIndex(of: "/") else { return "" }
        return String(plain[...cut])
    }

    public init(_ pattern: String) {
        components = pattern.split(separator: "/").map { Self.tokens(of: $0) }
    }

    public func matches(_ path: String) -> Bool {
        let names = path.split(separator: "/").map(Array.init)
        // reachable[j]: the components so far can match the first j names.
        var reachable = [Bool](repeating: false, count: names.count + 1)
        reachable[0] = true
        for component in components {
            var next = [Bool](repeating: false, count: names.count + 1)
            if component == [.run, .run] {
                var open = false
                for j in 0...names.count {
                    open = open || reachable[j]
                    next[j] = open
                }
            } else {
                for j in 0..<names.count where reachable[j] { next[j + 1] = Self.matches(component, names[j]) }
            }
            reachable = next
        }
        return reachable[names.count]
    }

    private static func matches(_ tokens: [Token], _ name: [Character]) -> Bool {
        var reachable = [Bool](repeating: false, count: name.count + 1)
        reachable[0] = true
        for token in tokens {
            var next = [Bool](repeating: false, count: name.count + 1)
            if token == .run {
                var open = false
                for j in 0...name.count {
                    open = open || reachable[j]
                    next[j] = open
                }
            } else {
                for j in 0..<name.count where reachable[j] { next[j + 1] = accepts(token, name[j]) }
            }
            reachable = next
        }
        return reachable[name.count]
    }

    private static func accepts(_ token: Token, _ character: Character) -> Bool {
        switch token {
        case .one(let expected): character == expected
        case .any, .run: true
        case .set(let ranges, let negated): ranges.contains { $0.contains(character) } != negated
        }
    }

    private static func tokens(of component: Substring) -> [Token] {
        var tokens: [Token] = [], rest = component
        while let character = rest.popFirst() {
            switch character {
            case "*": tokens.append(.run)
            case "?": tokens.append(.any)
            case "[":
                if let (set, after) = set(in: rest) {
                    tokens.append(set)
                    rest = after
                } else {
                    tokens.append(.one("["))
                }
            default: tokens.append(.one(character))
            }
        }
        return tokens
    }

    /// A bracket expression whose `[` was just read, and what follows it; `nil` where no `]` closes it.
    private static func set(in text: Substring) -> (Token, Substring)? {
        var rest = text, ranges: [ClosedRange<Character>] = [], first = true
        let negated = rest.first == "!" || rest.first == "^"
        if negated { rest.removeFirst() }
        while let low = rest.popFirst() {
            if low == "]" && !first { return (.set(ranges, negated: negated), rest) }
            first = false
            let tail = rest.dropFirst()
            if rest.first == "-", let high = tail.first, high != "]", low <= high {
                ranges.append(low...high)
                rest = tail.dropFirst()
            } else {
                ranges.append(low...low)
            }
        }
        return nil
    }
}
