// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import LCLJob
import LCLStore
import Testing

private let a = JobID("a")!

@Test func store_remembersEverything_afterReopening() async throws {
    let temporary = try TemporaryStore()
    try await temporary.store.insert([job("a", queries: 3), job("b")])
    _ = try await temporary.store.claimNext(at: 0)
    try await temporary.store.record([0: verdict(0), 2: verdict(2, failed: true)], of: a)
    try await temporary.store.remember("paused", as: "mode")
    try temporary.reopen()
    let found = try await temporary.store.job(a)
    #expect(found.state == .running)
    #expect((found.answered, found.failed) == (2, 1))
    #expect(try await temporary.store.unanswered(of: a) == [1])
    #expect(try await temporary.store.fact("mode") == "paused")
    #expect(try await temporary.store.states() == [a: .running, JobID("b")!: .queued])
    // As recovery does: back to the queue, and nothing that was answered is asked again.
    try await temporary.store.apply(.requeue, to: a, actor: "lcld", at: 1)
    #expect(try await temporary.store.claimAll().contains("a"))
    #expect(try await temporary.store.unanswered(of: a) == [1])
}

@Test(arguments: [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")])
func store_isDurable_byItsSettings(pragma: String, value: String) throws {
    #expect(try TemporaryStore().store.pragma(pragma) == value)
}

@Test func open_refuses_aDamagedFile() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("lcl-store-\(UUID()).db").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(repeating: 65, count: 8192).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: StoreError.self) { try JobStore(path: path) }
    guard case .damaged(path, _) = error else { throw error! }
}

@Test func open_refuses_aFileOfANewerVersion() async throws {
    let temporary = try TemporaryStore()
    try await DatabaseQueue(path: temporary.path).write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 the future')") }
    #expect(throws: StoreError.newer(path: temporary.path)) { try temporary.reopen() }
}

@Test func migrations_areTheseAndInThisOrder_sinceTheyWereReleased() async throws {
    let temporary = try TemporaryStore()
    let names = try await DatabaseQueue(path: temporary.path).read { try String.fetchAll($0, sql: "SELECT identifier FROM grdb_migrations ORDER BY rowid") }
    #expect(names == ["1 jobs, verdicts, attempts, events", "2 bytes of jobs", "3 trainings"])
}

@Test func record_keepsTheFirstVerdict_andCountsItOnce() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a", queries: 2)])
    try await store.record([0: verdict(0)], of: a)
    let again = try await store.record([0: verdict(0, failed: true), 1: verdict(1)], of: a)
    #expect((again.answered, again.failed) == (2, 0))
    #expect(try await store.verdicts(of: a).map(\.verdict) == [verdict(0), verdict(1)])
}

@Test func verdicts_comeInPages_inOrder() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a", queries: 10)])
    try await store.record(Dictionary(uniqueKeysWithValues: (0..<10).map { ($0, verdict($0)) }), of: a)
    #expect(try await store.verdicts(of: a, from: 0, limit: 4).map(\.ordinal) == [0, 1, 2, 3])
    #expect(try await store.verdicts(of: a, from: 8, limit: 4).map(\.ordinal) == [8, 9])
}

@Test func retry_asksAgain_whatWasAnsweredWithAnError() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a", queries: 2)])
    _ = try await store.claimNext(at: 0)
    try await store.record([0: verdict(0), 1: verdict(1, failed: true)], of: a)
    try await store.apply(.exhaust, to: a, actor: "lcld", at: 1, failure: Failure(.jobAttempts, "three crashes"))
    #expect(try await store.job(a).failure?.code == .jobAttempts)
    let again = try await store.apply(.retry, to: a, actor: "root", at: 2)
    #expect((again.answered, again.failed, again.attempts) == (1, 0, 0))
    #expect(again.failure == nil)
    #expect(try await store.unanswered(of: a) == [1])
}

@Test func whatAnswered_isKeptFromTheFirstCheckpoint_untilTheJobStartsOver() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a", queries: 2)])
    #expect(try await store.linked(JobResult.ModelIdentity.self, of: a) == nil)
    let first = JobResult.ModelIdentity(name: "m", sha256: "00"), second = JobResult.ModelIdentity(name: "m", sha256: "01")
    try await store.record([0: verdict(0)], by: first, of: a)
    try await store.record([1: verdict(1)], by: second, of: a)
    #expect(try await store.linked(JobResult.ModelIdentity.self, of: a) == first)
    try await store.forgetVerdicts(of: a)
    #expect(try await store.linked(JobResult.ModelIdentity.self, of: a) == nil)
    try await store.record([1: verdict(1)], by: second, of: a)
    #expect(try await store.linked(JobResult.ModelIdentity.self, of: a) == second)
}

@Test func jobs_areListedNewestFirst_byStateAndSubmitter() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert((0..<6).map { job("j\($0)", uid: UInt32($0 % 2)) })
    try await store.apply(.hold, to: JobID("j3")!, actor: "root", at: 0)
    try await store.apply(.cancel, to: JobID("j4")!, actor: "root", at: 0)
    func ids(_ jobs: [StoredJob]) -> [String] { jobs.map(\.id.rawValue) }
    let page = try await store.jobs(limit: 4)
    #expect(ids(page) == ["j5", "j4", "j3", "j2"])
    #expect(try await ids(store.jobs(limit: 4, before: page.last!.serial)) == ["j1", "j0"])
    #expect(try await ids(store.jobs(states: [.held, .cancelled], limit: 4)) == ["j4", "j3"])
    #expect(try await ids(store.jobs(uid: 1, limit: 2)) == ["j5", "j3"])
    #expect(try await ids(store.jobs(states: [.queued], uid: 1, limit: 4)) == ["j5", "j1"])
    #expect(try await store.counts() == [.queued: 4, .held: 1, .cancelled: 1])
}

@Test func forget_removesFinalJobs_only() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a"), job("b")])
    try await store.record([0: verdict(0)], of: a)
    try await store.apply(.cancel, to: a, actor: "root", at: 1)
    try await store.forget([a, JobID("b")!])
    #expect(try await store.states() == [JobID("b")!: .queued])
    let left = try await DatabaseQueue(path: temporary.path).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM verdicts") }
    #expect(left == 0)
}

@Test func settle_makesTheRowFollow_theSpool() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a")])
    try await store.settle(a, as: .done, at: 5)
    #expect(try await store.job(a).state == .done)
    #expect(try await store.job(a).finished == 5)
    #expect(try await store.claimNext(at: 6) == nil)
}

@Test func events_tellTheStory_ofAJobOrASubmitterOrAll() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a", uid: 1), job("b", uid: 2)])
    try await store.note("pause", actor: "root", at: 5, detail: "for lunch")
    try await store.apply(.cancel, to: a, actor: "alice", at: 6)
    #expect(try await store.events(of: a).map(\.event) == ["accept", "cancel"])
    #expect(try await store.events(uid: 2).map(\.event) == ["accept", "pause"])
    #expect(try await store.events(limit: 2).map(\.event) == ["pause", "cancel"])
    try await store.forgetEvents(before: 6, most: (user: 100, all: 100))
    #expect(try await store.events().map(\.event) == ["cancel"])
}
