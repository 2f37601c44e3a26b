// SPDX-License-Identifier: Apache-2.0

/// Tells the daemon what a worker is at: at once where that is something new, and otherwise from time to time, so that whoever
/// computes may say that it lives as often as it likes. One for each request.
package final class SignsOfLife {
    /// Well below what `workers.deadline` may sensibly be.
    static let interval = Duration.seconds(2)

    private let send: (WorkerReply) throws -> Void
    private let now: () -> ContinuousClock.Instant
    private var last: (ordinals: [Int], time: ContinuousClock.Instant)?

    package init(_ send: @escaping (WorkerReply) throws -> Void, now: @escaping () -> ContinuousClock.Instant = { .now }) {
        (self.send, self.now) = (send, now)
    }

    /// - Parameter ordinals: of the queries at hand; none while it is at the model or the supports.
    package func began(_ ordinals: [Int]) throws {
        let time = now()
        if let last, last.ordinals == ordinals, time - last.time < Self.interval { return }
        last = (ordinals, time)
        try send(.began(ordinals: ordinals))
    }
}
