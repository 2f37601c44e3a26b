// SPDX-License-Identifier: Apache-2.0
import LCLDigest
import LCLTensor

/// What a network made of pictures seen lately, by the SHA-256 of their bytes: bounded, the longest unused go first.
///
/// It depends on the picture alone, bit for bit, so a hit changes no answer.
struct FeatureCache {
    /// Floats kept at most, about.
    let capacity: Int
    private var entries: [SHA256.Digest: (features: Matrix, used: UInt64)] = [:]
    private var size = 0
    private var clock: UInt64 = 0

    init(capacity: Int) {
        precondition(capacity > 0, "a cache holds something")
        self.capacity = capacity
    }

    var count: Int { entries.count }

    mutating func features(of picture: SHA256.Digest) -> Matrix? {
        guard let entry = entries[picture] else { return nil }
        clock += 1
        entries[picture]!.used = clock
        return entry.features
    }

    mutating func store(_ features: Matrix, of picture: SHA256.Digest) {
        clock += 1
        size -= entries.updateValue((features, clock), forKey: picture)?.features.elementCount ?? 0
        size += features.elementCount
        if size > capacity { shrink() }
    }

    /// Drops the older half at once, so that the search for the oldest is paid once in as many insertions.
    private mutating func shrink() {
        let median = entries.values.map(\.used).sorted()[entries.count / 2]
        entries = entries.filter { $0.value.used >= median }
        size = entries.values.reduce(0) { $0 + $1.features.elementCount }
    }
}

extension Matrix {
    fileprivate var elementCount: Int { rowCount * columnCount }
}
