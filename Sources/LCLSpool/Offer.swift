// SPDX-License-Identifier: Apache-2.0
import LCLJob

/// An entry that is complete, so that ``Intake`` may take it: state S1, or S2 where an earlier try did not end.
public struct Offer: Hashable, Sendable {
    /// Its name in `incoming/`.
    public var name: EntryName
    /// Whose it was when it was seen.
    public var owner: UInt32 = 0
    /// The id under which it was claimed before.
    package var claimed: JobID?
}

extension Offer {
    package init(name: EntryName, owner: UInt32) { self.init(name: name, owner: owner, claimed: nil) }
}

extension [Offer] {
    /// One of each owner in turns, each owner's in their order: nobody waits until all of somebody else's are taken.
    package func inTurns() -> [Offer] {
        var taken: [UInt32: Int] = [:]
        let turns = enumerated().map { place, offer in
            defer { taken[offer.owner, default: 0] += 1 }
            return (turn: taken[offer.owner, default: 0], place: place, offer: offer)
        }
        return turns.sorted { ($0.turn, $0.place) < ($1.turn, $1.place) }.map(\.offer)
    }
}
