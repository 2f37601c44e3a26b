// SPDX-License-Identifier: Apache-2.0
import LCLJob

/// A job that the scheduler has claimed: its run, and the ledger's steps for it.
struct ActiveRun {
    var run: JobRun
    let claim: Ledger.Claim
    let number: UInt64
    var failed: Int
    /// Seconds that a worker took to begin with it: to load the model and to read the supports.
    private(set) var linkTime = 0.0
    /// What the answers are given by is a fact of the store already.
    var isLinkSaved = false
    /// The last answers: they are published without being rows first.
    var unsaved: [Verdict.AtOrdinal] = []
    /// The ledger's steps so far: the next one waits for them.
    var steps: Task<Void, Never>?
    /// Only the ledger has work with it yet.
    var ended = false
    /// Who waits for the end.
    var waiters: [CheckedContinuation<Void, Never>] = []

    /// Once a worker has read them, it has them at once: the longest time counts.
    mutating func noteLinkTime(_ seconds: Double) { linkTime = max(linkTime, seconds) }
}
