// SPDX-License-Identifier: Apache-2.0
import LCLJob
import LCLStore
import Testing

private let a = JobID("a")!

@Test func insert_isIdempotent() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    #expect(try await store.insert([job("a"), job("b")]) == 2)
    #expect(try await store.claimNext(at: 0)?.id == a)
    #expect(try await store.insert([job("a"), job("c")]) == 1)
    #expect(try await store.job(a).state == .running)
}

@Test func claim_marksAndCharges_inOneStep() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a")])
    let claimed = try #require(try await store.claimNext(at: 7))
    #expect(claimed.state == .running)
    #expect(claimed.attempts == 1)
    #expect(claimed.started == 7)
    #expect(try await store.job(a) == claimed)
    #expect(try await store.claimNext(at: 8) == nil)
}

@Test func claim_givesEachJobOnce_toManyClaimers() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert((0..<200).map { job("j\($0)", uid: UInt32($0 % 7)) })
    let claimed = try await withThrowingTaskGroup(of: [String].self) { group in
        for _ in 0..<8 { group.addTask { try await store.claimAll() } }
        return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(claimed.count == 200)
    #expect(Set(claimed).count == 200)
}

@Test func claim_followsPriorityThenArrival_withinASubmitter() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("low", priority: -5, created: 0), job("second", created: 1), job("first", created: 0), job("high", priority: 5, created: 2)])
    #expect(try await store.claimAll() == ["high", "first", "second", "low"])
}

@Test func claim_prefersTheOldJob_onceItHasAgedEnough() async throws {
    let temporary = try TemporaryStore(ageing: 1000), store = temporary.store
    try await store.insert([job("old", priority: 0, created: 0), job("soon", priority: 10, created: 9_999), job("late", priority: 10, created: 10_001)])
    #expect(try await store.claimAll() == ["soon", "old", "late"])
}

@Test func claim_alternatesBetweenSubmitters_howeverManyJobsOneHas() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert((0..<6).map { job("many\($0)", uid: 1, created: Int64($0)) })
    try await store.insert((0..<2).map { job("few\($0)", uid: 2, priority: -100, created: 100 + Int64($0)) })
    #expect(try await store.claimAll() == ["many0", "few0", "many1", "few1", "many2", "many3", "many4", "many5"])
}

@Test func claim_countsQueries_notJobs() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert((0..<2).map { job("large\($0)", uid: 1, created: Int64($0), queries: 3) })
    try await store.insert((0..<5).map { job("small\($0)", uid: 2, created: Int64($0)) })
    #expect(try await store.claimAll() == ["large0", "small0", "small1", "small2", "large1", "small3", "small4"])
}

@Test func claim_givesNoCredit_forTimeAway() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert((0..<100).map { job("a\($0)", uid: 1, created: Int64($0)) })
    _ = try await store.claimAll(atMost: 50)
    try await store.insert((0..<50).map { job("b\($0)", uid: 2, created: 200 + Int64($0)) })
    let next = try await store.claimAll(atMost: 20)
    #expect(next.count { $0.hasPrefix("b") } == 10 || next.count { $0.hasPrefix("b") } == 11)
}

@Test func claim_passesOver_whatHasExpiredOrIsHeld() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("late", expires: 10), job("held"), job("good", created: 5, expires: 100)])
    try await store.apply(.hold, to: JobID("held")!, actor: "root", at: 1)
    #expect(try await store.claimAll(at: 10) == ["good"])
    #expect(try await store.expired(at: 10) == [JobID("late")!])
    try await store.apply(.expire, to: JobID("late")!, actor: "lcld", at: 10, failure: Failure(.jobExpired, "too late"))
    #expect(try await store.expired(at: 10).isEmpty)
    #expect(try await store.job(JobID("late")!).failure?.code == .jobExpired)
}

@Test(arguments: JobState.allCases, JobEvent.allCases)
func apply_doesWhatTheStateMachineSays_andNothingElse(state: JobState, event: JobEvent) async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a")])
    let road: [JobEvent] =
        switch state {
        case .queued: []
        case .held: [.hold]
        case .running: [.start]
        case .done: [.start, .finish]
        case .failed: [.fail]
        case .dead: [.start, .exhaust]
        case .cancelled: [.cancel]
        case .expired: [.expire]
        }
    for event in road { try await store.apply(event, to: a, actor: "lcld", at: 1) }
    if let next = state.applying(event) {
        #expect(try await store.apply(event, to: a, actor: "root", at: 2).state == next)
        #expect(try await store.job(a).state == next)
        #expect(try await store.job(a).finished == (next.isFinal ? 2 : nil))
        let noted = try #require(try await store.events(of: a).last)
        #expect((noted.at, noted.job, noted.event, noted.actor) == (2, a, event.rawValue, "root"))
    } else {
        await #expect(throws: StoreError.illegal(job: a, state: state, event: event)) { try await store.apply(event, to: a, actor: "root", at: 2) }
        #expect(try await store.job(a).state == state)
        #expect(try await store.events(of: a).count == 1 + road.count)
    }
}

@Test(arguments: [(JobEvent.requeue, 0), (.crash, 1), (.hold, 0), (.exhaust, 1)])
func attempts_areGivenBack_onlyWhereNoWorkerDied(event: JobEvent, attempts: Int) async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a")])
    _ = try await store.claimNext(at: 0)
    #expect(try await store.apply(event, to: a, actor: "lcld", at: 1).attempts == attempts)
}

@Test(arguments: [true, false]) func attemptsBefore_areForgiven_whereSomethingWasKept(isVerdict: Bool) async throws {
    let temporary = try TemporaryStore(), store = temporary.store, verdict = [0: Verdict(id: "0", image: "0", sha256: nil)]
    try await store.insert([job("a")])
    for attempt in 1...2 {
        #expect(try await store.claimNext(at: 0)?.attempts == attempt)
        try await store.apply(.crash, to: a, actor: "lcld", at: 1)
    }
    _ = try await store.claimNext(at: 2)
    if isVerdict { try await store.record(verdict, of: a) } else { try await store.forgiveAttempts(of: a) }
    #expect(try await store.job(a).attempts == 1)
    try await store.apply(.crash, to: a, actor: "lcld", at: 3)
    #expect(try await store.claimNext(at: 4)?.attempts == 2)
    if isVerdict {
        try await store.record(verdict, of: a)
        #expect(try await store.job(a).attempts == 2, "that was known before")
    }
}

@Test func attemptsBefore_areNotForgiven_forAPictureThatCrashedItsWorkers() async throws {
    let temporary = try TemporaryStore(), store = temporary.store, poison = Failure(.imageCrashed, "a worker died on it twice", subject: "0")
    try await store.insert([job("a")])
    _ = try await store.claimNext(at: 0)
    try await store.apply(.crash, to: a, actor: "lcld", at: 1)
    _ = try await store.claimNext(at: 2)
    #expect(try await store.record([0: Verdict(id: "0", image: "0", sha256: nil, error: poison)], of: a).attempts == 2)
}

@Test func hold_leavesTheAttempts_ofAJobThatWaits() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a")])
    _ = try await store.claimNext(at: 0)
    try await store.apply(.crash, to: a, actor: "lcld", at: 1)
    #expect(try await store.apply(.hold, to: a, actor: "root", at: 2).attempts == 1)
}

@Test func setPriority_movesTheJob_andIsRefusedAtTheEnd() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a", created: 0), job("b", created: 1)])
    try await store.setPriority(1, of: JobID("b")!, actor: "root", at: 2)
    #expect(try await store.claimAll() == ["b", "a"])
    try await store.apply(.cancel, to: a, actor: "root", at: 3)
    await #expect(throws: StoreError.self) { try await store.setPriority(1, of: a, actor: "root", at: 4) }
}

@Test func apply_throws_onAnUnknownJob() async throws {
    let temporary = try TemporaryStore()
    await #expect(throws: StoreError.unknownJob(a)) { try await temporary.store.apply(.cancel, to: a, actor: "root", at: 0) }
}

@Test func write_isNotCutShort_whenItsTaskIsCancelled() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a")])
    let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await store.apply(.cancel, to: a, actor: "root", at: 1)
    }
    #expect(try await task.value.state == .cancelled)
}

@Test func training_isClaimed_onlyWhereItIsAskedFor_andCostsNoShare() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([
        NewJob(id: JobID("school")!, uid: 1, created: 0, queries: 1000, task: .train), NewJob(id: JobID("mine")!, uid: 1, created: 1, queries: 1),
        NewJob(id: JobID("yours")!, uid: 2, created: 2, queries: 1), NewJob(id: JobID("again")!, uid: 1, created: 3, queries: 1),
    ])
    #expect(try await store.claimNext(.train, at: 4)?.id.rawValue == "school")
    #expect(try await store.claimNext(.train, at: 4) == nil)
    var claimed: [String] = []
    while let job = try await store.claimNext(at: 5) { claimed.append(job.id.rawValue) }
    #expect(claimed == ["mine", "yours", "again"])
}

@Test func failedOrdinals_areThoseOfErrors() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a", queries: 4)])
    let failure = Failure(.imageEmpty, "empty")
    try await store.record([0: Verdict(id: "0", image: "0", sha256: nil), 2: Verdict(id: "2", image: "2", sha256: nil, error: failure)], of: a)
    #expect(try await store.failedOrdinals(of: a) == [2])
    #expect(try await store.unanswered(of: a) == [1, 3])
}

@Test func claim_passesOver_whoIsServed() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("his", uid: 1), job("hers", uid: 2), job("theirs", uid: 3)])
    #expect(try await store.claimNext(except: [1, 3], at: 0)?.id.rawValue == "hers")
    #expect(try await store.claimNext(except: [1, 3], at: 0) == nil)
    #expect(try await store.claimAll() == ["his", "theirs"])
}

@Test func job_isBehindTheOthersOfItsPriority_onceItIsPostponed() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("urgent", priority: 1), job("a"), job("b", created: 1), job("late", created: 200)])
    try await store.postpone(a, at: 100)
    try await store.postpone(JobID("urgent")!, at: 100)
    #expect(try await store.claimAll() == ["urgent", "b", "a", "late"])
}

/// What interrupts a job is no reason for it to expire, nor is what went before a retry.
@Test func job_doesNotExpire_onceItHasStartedOrIsTriedAgain() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a", expires: 10), job("b", expires: 10)])
    #expect(try await store.claimNext(at: 0)?.id == a)
    try await store.apply(.requeue, to: a, actor: "lcld", at: 5)
    #expect(try await store.expired(at: 100) == [JobID("b")!])
    try await store.apply(.expire, to: JobID("b")!, actor: "lcld", at: 100)
    try await store.apply(.retry, to: JobID("b")!, actor: "root", at: 101)
    #expect(try await store.expired(at: 1000) == [])
    #expect(try await store.claimAll(at: 1000) == ["a", "b"])
}

@Test func trainings_takeTurns_amongThoseWhoTrain() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    func training(_ id: String, _ uid: UInt32) -> NewJob { NewJob(id: JobID(id)!, uid: uid, created: 0, queries: 1, task: .train) }
    try await store.insert([training("a1", 1), training("a2", 1), training("b1", 2), training("a3", 1), training("b2", 2)])
    var order: [String] = []
    while let job = try await store.claimNext(.train, at: Int64(order.count)) { order.append(job.id.rawValue) }
    #expect(order == ["a1", "b1", "a2", "b2", "a3"])
}

@Test func row_isTheNewJobs_whereAnEarlierOnesDirectoryWasTakenAway() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a", created: 1, queries: 2)])
    _ = try await store.claimNext(at: 1)
    try await store.record([0: verdict(0)], of: a)
    try await store.apply(.cancel, to: a, actor: "root", at: 2)
    #expect(try await store.insert([job("a", created: 1, queries: 2)]) == 0)
    #expect(try await store.insert([job("a", created: 3, queries: 1)]) == 1)
    let row = try await store.job(a)
    #expect(row.state == .queued && row.queries == 1 && row.answered == 0)
    #expect(try await store.unanswered(of: a) == [0])
}

@Test func expiredJob_isHeld_onlyWhileItsTimeIsOver() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a", expires: 5)])
    #expect(try await !store.holdExpired(a, at: 4))
    #expect(try await store.holdExpired(a, at: 5))
    #expect(try await store.claimNext(at: 5) == nil)
    #expect(try await store.expired(at: 5) == [a])
    try await store.apply(.expire, to: a, actor: "lcld", at: 6)
    try await store.apply(.retry, to: a, actor: "root", at: 7)
    #expect(try await !store.holdExpired(a, at: 8))
}

@Test func events_areBounded_forEachUserAndTogether() async throws {
    let temporary = try TemporaryStore(), store = temporary.store
    try await store.insert([job("a", uid: 1), job("b", uid: 2)])
    for priority in 1...20 { try await store.setPriority(priority, of: a, actor: "one", at: 1) }
    try await store.setPriority(20, of: a, actor: "one", at: 1)
    #expect(try await store.events(uid: 1).count == 21)
    try await store.forgetEvents(before: 0, most: (user: 5, all: 100))
    #expect(try await store.events(uid: 1).map(\.detail) == (16...20).map { "\($0 - 1) to \($0)" })
    #expect(try await store.events(uid: 2).count == 1)
    try await store.forgetEvents(before: 0, most: (user: 5, all: 3))
    #expect(try await store.events().count == 3)
}
