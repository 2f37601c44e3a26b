// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLStore

/// A database file of its own for one test, removed with it.
final class TemporaryStore {
    let path: String
    private(set) var store: JobStore

    init(ageing: Int64 = 60_000) throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("lcl-store-\(UUID()).db").path
        store = try JobStore(path: path, ageing: ageing)
    }

    deinit { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }

    /// What a restarted daemon sees.
    func reopen() throws { store = try JobStore(path: path) }
}

func job(_ id: String, uid: UInt32 = 1, priority: Int = 0, created: Int64 = 0, expires: Int64? = nil, queries: Int = 1) -> NewJob {
    NewJob(id: JobID(id)!, uid: uid, priority: priority, created: created, expires: expires, queries: queries)
}

func verdict(_ ordinal: Int, failed: Bool = false) -> Verdict {
    let answer = Answer(label: "cat", confidence: 0.9, unknown: false, margin: 1, scores: [], nearest: [])
    return Verdict(
        id: "q\(ordinal)", image: "queries/\(ordinal).png", sha256: "00",
        outcome: failed ? .failure(Failure(.imageCrashed, "it crashed")) : .success(answer))
}

extension JobStore {
    /// The ids of the next jobs, in the order in which they are claimed.
    func claimAll(at now: Int64 = 0, atMost limit: Int = .max) async throws -> [String] {
        var ids: [String] = []
        while ids.count < limit, let job = try await claimNext(at: now) { ids.append(job.id.rawValue) }
        return ids
    }
}
