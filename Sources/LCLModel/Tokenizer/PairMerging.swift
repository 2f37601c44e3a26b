// SPDX-License-Identifier: Apache-2.0

/// The greedy merging that byte-pair encoding and SentencePiece's BPE share: neighbours are joined, the best pair first, of equals
/// the leftmost, until no pair can be. Time is n log n. Sennrich et al., arXiv 1508.07909.
struct PairMerging {
    /// A part of the text, and the token it is; -1 where it is none.
    struct Symbol {
        var range: Range<Int>
        var token: Int
    }

    /// What a pair would become. Smaller ranks go first.
    struct Merge {
        var rank: Double
        var token: Int
    }

    private struct Candidate {
        var rank: Double
        var left: Int
        var right: Int
        /// The ranges' ends when it was found: the candidate is void once either has changed.
        var end: Int
        var token: Int

        func goesBefore(_ other: Candidate) -> Bool { rank != other.rank ? rank < other.rank : left < other.left }
    }

    private var symbols: [Symbol]
    private var next: [Int]
    private var previous: [Int]
    /// A binary heap.
    private var heap: [Candidate] = []

    /// - Parameter merge: what the two symbols become together, if anything.
    static func run(_ symbols: [Symbol], merge: (Symbol, Symbol) -> Merge?) -> [Symbol] {
        var merging = PairMerging(symbols)
        for i in symbols.indices.dropLast() { merging.consider(i, i + 1, merge) }
        while let best = merging.pop() { merging.apply(best, merge) }
        return merging.symbols.filter { !$0.range.isEmpty }
    }

    private init(_ symbols: [Symbol]) {
        self.symbols = symbols
        next = symbols.indices.map { $0 + 1 < symbols.count ? $0 + 1 : -1 }
        previous = symbols.indices.map { $0 - 1 }
    }

    private mutating func consider(_ left: Int, _ right: Int, _ merge: (Symbol, Symbol) -> Merge?) {
        guard left >= 0, right >= 0, let merged = merge(symbols[left], symbols[right]) else { return }
        push(Candidate(rank: merged.rank, left: left, right: right, end: symbols[right].range.upperBound, token: merged.token))
    }

    private mutating func apply(_ best: Candidate, _ merge: (Symbol, Symbol) -> Merge?) {
        let (left, right) = (best.left, best.right)
        guard !symbols[left].range.isEmpty, next[left] == right, symbols[right].range.upperBound == best.end else { return }
        symbols[left] = Symbol(range: symbols[left].range.lowerBound..<best.end, token: best.token)
        symbols[right].range = best.end..<best.end
        next[left] = next[right]
        if next[right] >= 0 { previous[next[right]] = left }
        consider(previous[left], left, merge)
        consider(left, next[left], merge)
    }

    // MARK: The heap

    private mutating func push(_ candidate: Candidate) {
        heap.append(candidate)
        var child = heap.count - 1
        while child > 0, heap[child].goesBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func pop() -> Candidate? {
        guard let top = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return top }
        heap[0] = last
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { return top }
            if child + 1 < heap.count, heap[child + 1].goesBefore(heap[child]) { child += 1 }
            guard heap[child].goesBefore(heap[parent]) else { return top }
            heap.swapAt(child, parent)
            parent = child
        }
    }
}
