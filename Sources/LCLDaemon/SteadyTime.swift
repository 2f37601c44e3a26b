// SPDX-License-Identifier: Apache-2.0

/// Tells when the wall clock was set, by the monotonic one beside it; and what time it is safe to remove things by.
///
/// Pure: readings in. Milliseconds since 1970 UTC.
package struct SteadyTime: Sendable {
    /// Differences up to this are the clock's discipline, not a jump.
    package static let tolerance: Int64 = 10_000

    private var wall: Int64
    private var instant: ContinuousClock.Instant
    private var jumps: Int64 = 0

    package init(wall: Int64, at instant: ContinuousClock.Instant) {
        self.wall = wall
        self.instant = instant
    }

    /// - Returns: by how much the wall clock was set since the last reading; `nil` where it was not.
    package mutating func observe(wall now: Int64, at instant: ContinuousClock.Instant) -> Int64? {
        let jump = now - wall - Int64((instant - self.instant) / .milliseconds(1))
        wall = now
        self.instant = instant
        guard abs(jump) > Self.tolerance else { return nil }
        jumps += jump
        return jump
    }

    /// The wall clock without the jumps forward of this run: nothing looks older by it than it is, so nothing is removed too soon.
    package var cautious: Int64 { wall - max(0, jumps) }
}
