// SPDX-License-Identifier: Apache-2.0
import LCLJob
import LCLSpool
import LCLStore

/// How often lcld ended in the middle of taking in an entry that an earlier life left: what ends it every time must not be the first thing
/// that each start looks at, for ever.
struct TakeAttempts: Sendable {
    let store: JobStore
    /// The entry that is looked at now.
    private let atHand = Live<JobID?>(nil)

    /// In a row, before the entry is set aside.
    private static let most = 5

    /// - Returns: why it is looked at no more.
    func begin(_ offer: Offer) async throws -> Failure? {
        guard let id = offer.claimed else { return nil }
        let before = try await store.fact(Self.fact(id)).flatMap { Int($0) } ?? 0
        guard before < Self.most else {
            return Failure(.jobUnreadable, "lcld ended \(before) times in a row while it took this in: it is set aside unread; please report it")
        }
        try await store.remember(String(before + 1), as: Self.fact(id))
        atHand.value = id
        return nil
    }

    /// It came to an end, good or bad, and lcld lives.
    func end(_ offer: Offer) async {
        atHand.value = nil
        if let id = offer.claimed { await forget(id) }
    }

    /// lcld is told to stop, which is not the entry's fault.
    func forgive() async { if let id = atHand.value { await forget(id) } }

    private func forget(_ id: JobID) async { try? await store.forget(fact: Self.fact(id)) }

    private static func fact(_ claim: JobID) -> String { "taking \(claim)" }
}
