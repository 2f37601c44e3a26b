// SPDX-License-Identifier: Apache-2.0

/// How many workers memory allows: one fewer after each that died for want of it, one more after each quiet while.
///
/// Pure; only the monotonic clock counts.
package struct WorkerCeiling: Sendable {
    package static let quiet = Duration.seconds(600)

    private var lowered: (to: Int, raise: ContinuousClock.Instant)?

    package init() {}

    /// A worker died for want of memory while `wanted` were to run.
    package mutating func exhausted(wanted: Int, now: ContinuousClock.Instant) {
        lowered = (max(1, limit(of: wanted, now: now) - 1), now + Self.quiet)
    }

    /// - Returns: `wanted`, or as many as memory allows.
    package mutating func limit(of wanted: Int, now: ContinuousClock.Instant) -> Int {
        while let (to, raise) = lowered, now >= raise { lowered = to + 1 < wanted ? (to + 1, raise + Self.quiet) : nil }
        return min(wanted, lowered?.to ?? wanted)
    }
}
