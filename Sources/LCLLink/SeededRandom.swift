// SPDX-License-Identifier: Apache-2.0

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the same seed gives the same draws on every machine and version.
package struct SeededRandom {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    /// A stream of its own for each purpose: mixes `words` into `seed`.
    package init(seed: UInt64, _ words: Int...) {
        state = seed
        for word in words { state = next() ^ UInt64(bitPattern: Int64(word)) }
    }

    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// 0 ..< bound; the bias is below bound / 2^64.
    package mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "something to draw from")
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// `count` different elements in random order.
    package mutating func sample<T>(_ count: Int, of items: [T]) -> [T] {
        precondition(count <= items.count, "enough to draw from")
        var items = items
        for index in 0..<count { items.swapAt(index, index + below(items.count - index)) }
        return Array(items.prefix(count))
    }
}
