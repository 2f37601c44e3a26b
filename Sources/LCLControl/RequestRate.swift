// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// A bucket that fills with time and empties by use (token bucket): bursts up to its capacity, then a steady rate.
package struct TokenBucket: Sendable {
    /// Uses at once.
    package let capacity: Double
    /// Uses a second.
    package let rate: Double
    private var level: Double
    private var seen: ContinuousClock.Instant

    package init(capacity: Double, rate: Double, now: ContinuousClock.Instant) {
        self.capacity = capacity
        self.rate = rate
        level = capacity
        seen = now
    }

    /// Whether there is a use left; it is taken then.
    package mutating func take(now: ContinuousClock.Instant) -> Bool {
        level = level(now: now)
        seen = max(seen, now)
        guard level >= 1 else { return false }
        level -= 1
        return true
    }

    package func isFull(now: ContinuousClock.Instant) -> Bool { level(now: now) >= capacity }

    private func level(now: ContinuousClock.Instant) -> Double { min(capacity, level + max(0, (now - seen) / .seconds(1)) * rate) }
}

/// How often each user asks; those who do not ask are forgotten.
final class RequestRate: Sendable {
    private static let clock = ContinuousClock()
    /// Users remembered before the quiet ones are forgotten.
    private static let maximumUsers = 1024

    private let limits: ControlServer.Limits
    private let buckets = Mutex<[UInt32: TokenBucket]>([:])

    init(_ limits: ControlServer.Limits) { self.limits = limits }

    /// Whether the user may ask once more now.
    func admits(_ uid: UInt32) -> Bool {
        let now = Self.clock.now
        return buckets.withLock { buckets in
            if buckets.count > Self.maximumUsers { buckets = buckets.filter { !$0.value.isFull(now: now) } }
            return buckets[uid, default: TokenBucket(capacity: limits.burst, rate: limits.requestsPerSecond, now: now)].take(now: now)
        }
    }
}
