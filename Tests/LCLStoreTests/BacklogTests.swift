// SPDX-License-Identifier: Apache-2.0
import LCLJob
import LCLStore
import Testing

/// With 100,000 jobs waiting every question that an operator or the scheduler asks is answered at once. The limits are those of
/// the design with room for a busy machine; the figures are printed.
@Test(.timeLimit(.minutes(5)))
func backlog_of100000Jobs_costsNothingPerQuestion() async throws {
    let temporary = try TemporaryStore(), store = temporary.store, clock = ContinuousClock()
    func seconds<T: Equatable>(_ what: String, gives expected: T, _ body: () async throws -> T) async throws -> Double {
        let start = clock.now, found = try await body(), elapsed = (clock.now - start) / .seconds(1)
        #expect(found == expected)
        print("backlog of 100,000: \(what): \(Int((elapsed * 1e6).rounded())) us")
        return elapsed
    }
    _ = try await seconds("insert all, 1000 a transaction", gives: 100_000) {
        var count = 0
        for thousand in 0..<100 {
            count += try await store.insert((0..<1000).map { job("job-\(thousand)-\($0)", uid: UInt32($0 % 20), created: Int64(thousand * 1000 + $0), queries: 10) })
        }
        return count
    }
    let one = try await seconds("insert one more", gives: 1) { try await store.insert([job("one")]) }
    let claim = try await seconds("claim 100", gives: 100) { try await store.claimAll(atMost: 100).count } / 100
    let counts = try await seconds("counts by state", gives: [.queued: 99_901, .running: 100]) { try await store.counts() }
    let page = try await seconds("newest 100", gives: 100) { try await store.jobs(limit: 100).count }
    let running = try await seconds("newest 100 running", gives: 100) { try await store.jobs(states: [.running], limit: 100).count }
    let mine = try await seconds("newest 100 of a submitter", gives: 100) { try await store.jobs(uid: 3, limit: 100).count }
    let expired = try await seconds("expired", gives: []) { try await store.expired(at: .max) }
    let record = try await seconds("record 10 verdicts, ten times", gives: 100) {
        var count = 0
        for i in 0..<10 {
            count += try await store.record(Dictionary(uniqueKeysWithValues: (0..<10).map { ($0, verdict($0)) }), of: JobID("job-0-\(i)")!).answered
        }
        return count
    } / 10
    let restart = try await seconds("states of all", gives: 100_001) { try await store.states().count }
    #expect(counts + page < 0.2)
    #expect(max(running, mine, expired) < 0.2)
    #expect(max(one, claim, record) < 0.1)
    #expect(restart < 5)
}
