// SPDX-License-Identifier: Apache-2.0

/// How many queries to give a worker at once: about a second's worth, and never so many that another worker idles.
package struct SlicePacer {
    /// Long enough that the overhead of a slice is nothing, short enough that a new job soon gets a worker.
    static let seconds = 1.0
    static let first = 32
    static let maximum = 1024
    /// Queries that are not worth sharing between workers.
    static let smallest = 8

    /// Seconds for one query, a moving average; `nil` before the first slice.
    private var pace: Double?

    package init() {}

    package mutating func observe(queries: Int, seconds: Double) {
        guard queries > 0, seconds > 0 else { return }
        let latest = seconds / Double(queries)
        pace = pace.map { 0.7 * $0 + 0.3 * latest } ?? latest
    }

    /// - Parameters:
    ///   - open: queries that nobody works on.
    ///   - workers: who may share them.
    package func size(open: Int, workers: Int) -> Int {
        let paced = pace.map { Int(Self.seconds / $0) } ?? Self.first
        // Half of a fair share, so that who is done first finds something left (guided self-scheduling, Polychronopoulos and Kuck 1987).
        let workers = max(workers, 1), fair = (open + workers - 1) / workers
        let share = workers > 1 ? max(min(Self.smallest, fair), (fair + 1) / 2) : open
        return max(1, min(paced, share, Self.maximum))
    }
}
