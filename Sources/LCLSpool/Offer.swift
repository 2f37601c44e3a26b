// SPDX-License-Identifier: Apache-2.0
import LCLJob

/// An entry that is complete, so that ``Intake`` may take it: state S1, or S2 where an earlier try did not end.
public struct Offer: Hashable, Sendable {
    /// Its name in `incoming/`.
    public var name: EntryName
    /// Whose it was when it was seen.
    public var owner: UInt32 = 0
    /// The id under which it was claimed before.
    var claimed: JobID?
}
