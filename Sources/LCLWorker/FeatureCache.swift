// SPDX-License-Identifier: Apache-2.0
import LCLDigest

/// The features of pictures seen lately, by the SHA-256 of their bytes: bounded, the longest unused go first.
///
/// An encoder's features depend on the picture alone, bit for bit, so a hit changes no answer.
struct FeatureCache {
    /// Pictures kept at most.
    let capacity: Int
    private var entries: [SHA256.Digest: (features: [Float], used: UInt64)] = [:]
    private var clock: UInt64 = 0

    init(capacity: Int) {
        precondition(capacity > 0, "a cache holds something")
        self.capacity = capacity
    }

    var count: Int { entries.count }

    mutating func features(of picture: SHA256.Digest) -> [Float]? {
        guard let entry = entries[picture] else { return nil }
        clock += 1
        entries[picture]!.used = clock
        return entry.features
    }

    mutating func store(_ features: [Float], of picture: SHA256.Digest) {
        clock += 1
        entries[picture] = (features, clock)
        if entries.count > capacity { shrink() }
    }

    /// Drops the older half at once, so that the search for the oldest is paid once in `capacity / 2` insertions.
    private mutating func shrink() {
        let median = entries.values.map(\.used).sorted()[entries.count / 2]
        entries = entries.filter { $0.value.used >= median }
    }
}
