// SPDX-License-Identifier: Apache-2.0

/// How many queries were answered, and how many a second over the last minute.
struct RateMeter {
    private(set) var total = 0
    private var recent: [(at: ContinuousClock.Instant, count: Int)] = []
    private static let window = Duration.seconds(60)

    mutating func count(_ queries: Int, now: ContinuousClock.Instant) {
        total += queries
        // One entry a second at most, so that a minute is short whatever the rate.
        if let last = recent.last, now - last.at < .seconds(1) { recent[recent.count - 1].count += queries } else { recent.append((now, queries)) }
        recent.removeAll { now - $0.at > Self.window }
    }

    func rate(now: ContinuousClock.Instant) -> Double {
        let counted = recent.filter { now - $0.at <= Self.window }
        guard let first = counted.first else { return 0 }
        return Double(counted.reduce(0) { $0 + $1.count }) / max(1, (now - first.at) / .seconds(1))
    }
}
