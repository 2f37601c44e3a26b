// SPDX-License-Identifier: Apache-2.0

/// How fast a job is answered, from the last seconds of its progress, and so when it will end.
package struct RateMeter {
    private var samples: [(at: Double, answered: Int)] = []
    /// Seconds.
    private static let window = 10.0

    package init() {}

    /// `time` in seconds on any clock that does not go back.
    package mutating func add(_ answered: Int, at time: Double) {
        // Answers are taken back when a job is run again.
        if let last = samples.last, answered < last.answered { samples.removeAll() }
        samples.append((time, answered))
        // One sample older than the window is kept, so that slow jobs have a rate too.
        while samples.count > 2, samples[1].at < time - Self.window { samples.removeFirst() }
    }

    /// Queries per second; `nil` before there is anything to tell it from.
    package var rate: Double? {
        guard let first = samples.first, let last = samples.last, last.at > first.at, last.answered > first.answered else { return nil }
        return Double(last.answered - first.answered) / (last.at - first.at)
    }

    /// Seconds until `remaining` more are answered.
    package func timeLeft(_ remaining: Int) -> Double? { rate.map { Double(remaining) / $0 } }
}
