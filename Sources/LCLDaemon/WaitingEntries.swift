// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLControl
import LCLSpool

/// What intake has not brought to its end: entries that could not be taken, each with a pause that grows, and jobs without a row.
package struct WaitingEntries {
    private struct Pause {
        var until: ContinuousClock.Instant
        var length: Duration
        var since: Date
        var why: String
    }

    /// Taken in, and unknown to the store yet.
    var unsaved = IntakeBacklog()
    /// Complete entries of `incoming/` that are left for the next scan.
    var carried: Set<EntryName> = []
    /// A claim may lie in `active/` though nothing failed.
    var leftClaims = false
    private var pauses: [EntryName: Pause] = [:]

    private static let shortest = Duration.seconds(1), longest = Duration.seconds(60)

    package init() {}

    var isEmpty: Bool { pauses.isEmpty }

    package mutating func due(_ offers: [Offer], now: ContinuousClock.Instant) -> [Offer] {
        // What is not offered any more went away, or was claimed under another name.
        pauses = pauses.filter { now < $0.value.until + Self.longest }
        return offers.filter { pauses[$0.name].map { now >= $0.until } ?? true }
    }

    mutating func taken(_ offer: Offer) { pauses[offer.name] = nil }

    package mutating func failed(_ offer: Offer, _ why: String, now: ContinuousClock.Instant) {
        let before = pauses[offer.name], length = before.map { min($0.length * 2, Self.longest) } ?? Self.shortest
        pauses[offer.name] = Pause(until: now + length, length: length, since: before?.since ?? Date(), why: why)
    }

    package var report: Waiting? {
        guard let oldest = pauses.min(by: { $0.value.since < $1.value.since }) else { return nil }
        return Waiting(reason: .intake, since: oldest.value.since, detail: "\(pauses.count) of incoming/, the first '\(oldest.key)': \(oldest.value.why)")
    }
}
