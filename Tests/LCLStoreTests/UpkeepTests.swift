// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLStore
import Testing

@Test func waitingJobs_keepTheirTimeAndTheirPlace_whenTheClockIsSet() async throws {
    let day: Int64 = 86_400_000
    for jump in [day, -day] {
        let store = try TemporaryStore().store
        try await store.insert([job("old", created: 2 * day, expires: 2 * day + 1000)])
        try await store.shift(by: jump)
        #expect(try await store.expired(at: 2 * day + jump + 999) == [])
        #expect(try await store.expired(at: 2 * day + jump + 1000) == [JobID("old")!])
        // What comes now comes after it.
        try await store.insert([job("new", created: 2 * day + jump + 1)])
        #expect(try await store.claimAll(at: 2 * day + jump + 2) == ["old", "new"])
    }
}

@Test func log_isCutBack_afterALargeTransaction() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    func bytes() throws -> Int { try FileManager.default.attributesOfItem(atPath: temporary.path + "-wal")[.size] as! Int }
    try await store.insert([job("a", queries: 120_000)])
    try await store.record(Dictionary(uniqueKeysWithValues: (0..<120_000).map { ($0, verdict($0)) }), of: JobID("a")!)
    #expect(try bytes() > JobStore.logLimit)
    for i in 0..<3 { try await store.note("small", actor: "lcld", at: Int64(i)) }
    #expect(try bytes() <= JobStore.logLimit)
    try await store.foldLog()
    #expect(try bytes() == 0)
}

@Test func finishedJob_hasAllAnswers_andNoRowsOfThem() async throws {
    let store = try TemporaryStore().store, a = JobID("a")!
    try await store.insert([job("a", queries: 3)])
    _ = try await store.claimNext(at: 0)
    try await store.record([0: verdict(0)], of: a)
    let done = try await store.finish(a, failed: 1, at: 5)
    #expect((done.state, done.answered, done.failed, done.finished) == (.done, 3, 1, 5))
    #expect(try await store.verdicts(of: a).isEmpty)
}
