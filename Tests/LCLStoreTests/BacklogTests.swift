// SPDX-License-Identifier: Apache-2.0
import LCLJob
import LCLStore
import Testing

/// With 100,000 jobs waiting every question that an operator or the scheduler asks is answered at once. The limits are those of
/// the design with room for a busy machine; the figures are printed.
@Test(.timeLimit(.minutes(5)))
func backlog_of100000Jobs_costsNothingPerQuestion() async throws {
    let temporary = try TemporaryStore(), store = temporary.store, clock = ContinuousClock()
    func seconds(_ what: String, _ body: () async throws -> Void) async throws -> Double {
        let elapsed = try await clock.measure(body), seconds = Double(elapsed.components.attoseconds) / 1e18 + Double(elapsed.components.seconds)
        print("backlog of 100,000: \(what): \(Int((seconds * 1e6).rounded())) us")
        return seconds
    }
    _ = try await seconds("insert all, 1000 a transaction") {
        for thousand in 0..<100 {
            try await store.insert((0..<1000).map { job("job-\(thousand)-\($0)", uid: UInt32($0 % 20), created: Int64(thousand * 1000 + $0), queries: 10) })
        }
    }
    let one = try await seconds("insert one more") { try await store.insert([job("one")]) }
    let claim = try await seconds("claim 100, mean of one x 100") { _ = try await store.claimAll(atMost: 100) } / 100
    let counts = try await seconds("counts by state") { #expect(try await store.counts() == [.queued: 99_901, .running: 100]) }
    let page = try await seconds("newest 100") { #expect(try await store.jobs(limit: 100).count == 100) }
    let running = try await seconds("newest 100 running") { #expect(try await store.jobs(states: [.running], limit: 100).count == 100) }
    let mine = try await seconds("newest 100 of a submitter") { #expect(try await store.jobs(uid: 3, limit: 100).count == 100) }
    let expired = try await seconds("expired") { #expect(try await store.expired(at: .max).isEmpty) }
    let record = try await seconds("record 10 verdicts, ten times") {
        for i in 0..<10 {
            let id = JobID("job-0-\(i)")!
            try await store.record(Dictionary(uniqueKeysWithValues: (0..<10).map { ($0, verdict($0)) }), of: id)
        }
    } / 10
    let restart = try await seconds("states of all") { #expect(try await store.states().count == 100_001) }
    #expect(counts + page < 0.2)
    #expect(max(running, mine, expired) < 0.2)
    #expect(max(one, claim, record) < 0.1)
    #expect(restart < 5)
}
