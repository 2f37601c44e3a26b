// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl
import LCLJob
import LCLModel
import LCLSpool
import LCLStore
import LCLWorker

/// What people ask over the control socket, answered from the store and carried out by scheduler and ledger.
struct ControlService: ControlBackend {
    let store: JobStore
    let spool: Spool
    let disk: DiskQueue
    let ledger: Ledger
    let scheduler: Scheduler
    let hub: ProgressHub
    let gauge: DiskGauge
    /// What intake could not take for now.
    let door: Live<Waiting?>
    let quota: Live<Quota>
    /// Where models are looked for.
    let models: [String]
    let started: Date
    /// One manifest at a time is read to be shown: it may have a million queries. Each user waits for his own alone.
    private let papers = DiskQueue("lcld.papers")
    private let readers = Turns<UInt32?>()
    private let retries = Turns<UInt32>()

    // MARK: Questions

    func status() async throws -> DaemonStatus {
        let counts = try await store.counts(), (workers, answered, rate) = await scheduler.report()
        let models = try await disk { [models] in ModelDirectory.all(in: models) }
        let owned = models.compactMap { name, model in (try? model.get().card.trained).flatMap { $0.shared ? nil : (name, $0.owner) } }
        return DaemonStatus(
            version: WorkerProgram.engine, pid: getpid(), started: started, mode: await scheduler.currentMode, workers: workers,
            jobs: Dictionary(uniqueKeysWithValues: counts.map { ($0.key.rawValue, $0.value) }), answered: answered, rate: rate,
            models: models.map(\.name), owners: Dictionary(owned, uniquingKeysWith: { first, _ in first }), spool: spool.root, free: gauge.free,
            waiting: [gauge.waiting, door.value, await scheduler.waitingForMemory()].compactMap { $0 })
    }

    func jobs(_ filter: JobFilter) async throws -> JobPage {
        var before: Int64?
        if let cursor = filter.cursor {
            before = Int64(cursor)
            if before == nil { throw ControlError(.badRequest, "the cursor '\(cursor)' is none of ours; take `next` of the page before") }
        }
        let found = try await readers.run(filter.uid) { [store, before] in
            try await store.jobs(states: Set(filter.states), uid: filter.uid, limit: filter.limit, before: before)
        }
        return JobPage(jobs: found.map(summary), next: found.count == filter.limit ? found.last.map { String($0.serial) } : nil)
    }

    func summary(of id: JobID) async throws -> JobSummary { summary(try await known(id)) }

    func job(_ id: JobID) async throws -> JobDetail {
        let row = try await known(id)
        let place = try await disk { [spool] in try spool.place(of: id) } ?? .active
        // A refused job has no manifest of ours.
        let manifest = try await readers.run(row.uid) { [papers, spool] in try? await papers { try spool.accepted(id).manifest } }
        let problems = row.state.isFinal && row.state != .done ? (try? await disk { [spool] in try spool.errorReport(id).problems }) ?? [] : []
        return JobDetail(
            summary: summary(row), model: manifest?.model ?? "-", method: manifest?.method ?? .link,
            labels: manifest?.labels.map { .init(name: $0.name, support: $0.support.count) } ?? [],
            transductive: manifest?.options.transductive ?? false, seed: manifest?.training?.seed ?? manifest?.options.seed ?? 1, attempts: row.attempts,
            expires: row.expires.map(Date.init(milliseconds:)), directory: spool.directory(place, id), problems: problems, training: manifest?.training)
    }

    func resultPath(of id: JobID) async throws -> String {
        let row = try await known(id)
        guard row.state == .done else { throw ControlError(.wrongState, "job \(id) is \(row.state.rawValue): it has no result; `lclctl show \(id)` says more") }
        return spool.directory(.done, id) + "/" + Spool.resultName
    }

    func log(of id: JobID?, uid: UInt32?, limit: Int) async throws -> [LogEntry] {
        try await readers.run(uid) { [store] in try await store.events(of: id, uid: uid, limit: limit) }.map {
            LogEntry(at: Date(milliseconds: $0.at), job: $0.job, event: $0.event, actor: $0.actor, detail: $0.detail)
        }
    }

    func progress() async -> AsyncStream<JobProgress> { hub.subscribe() }

    // MARK: Actions

    func perform(_ action: JobAction, on id: JobID, by caller: Caller) async throws -> JobSummary {
        do {
            try await ledger.turns.run(id) { try await carryOut(action, on: id, by: caller) }
        } catch StoreError.unknownJob {
            throw ControlError.noSuchJob(id.rawValue)
        } catch StoreError.illegal(_, let state, _) {
            throw ControlError(.wrongState, "job \(id) is \(state.rawValue): that cannot be done with it")
        }
        await scheduler.wake()
        let summary = summary(try await known(id))
        hub.send(JobProgress(summary))
        return summary
    }

    /// What is done with one job is done one after the other: some of it takes several steps.
    private func carryOut(_ action: JobAction, on id: JobID, by caller: Caller) async throws {
        let actor = Self.actor(caller)
        switch action {
        case .cancel: try await cancel(id, actor)
        case .hold: try await hold(id, actor)
        case .release: try await store.apply(.release, to: id, actor: actor, at: .now())
        case .retry: try await retry(id, caller)
        case .priority(let priority): try await store.setPriority(priority, of: id, actor: actor, at: .now())
        }
    }

    func perform(_ action: DaemonAction, by caller: Caller) async throws -> DaemonStatus {
        let mode: DaemonStatus.Mode = switch action {
        case .pause: .paused
        case .resume: .running
        case .drain: .draining
        }
        try await store.note(action.rawValue, actor: Self.actor(caller), at: .now())
        try await store.remember(mode.rawValue, as: "mode")
        await scheduler.set(mode)
        return try await status()
    }

    /// A waiting job is held first, so that no worker gets it between its report and its row.
    private func cancel(_ id: JobID, _ actor: String) async throws {
        if try await !takeBack(id, .cancel, actor) {
            await ledger.fail(id, .cancel, [Failure(.jobCancelled, "cancelled by \(actor) while it waited; `lclctl retry \(id)` runs it")], actor: actor)
        }
    }

    private func hold(_ id: JobID, _ actor: String) async throws {
        if try await !takeBack(id, .hold, actor), try await known(id).state != .held {
            throw StoreError.illegal(job: id, state: try await known(id).state, event: .hold)
        }
    }

    /// Gets the job out of the scheduler's reach.
    /// - Returns: `true` where it ran and has been stopped for `reason`; `false` where it is held now.
    private func takeBack(_ id: JobID, _ reason: JobRun.Stop, _ actor: String) async throws -> Bool {
        for _ in 0..<100 {
            if await scheduler.stop(id, reason) {
                try await store.note("stop", job: id, actor: actor, at: .now(), detail: reason == .hold ? "held while it ran" : "cancelled while it ran")
                return true
            }
            let state = try await known(id).state
            switch state {
            case .held where reason == .cancel: return false
            case .queued:
                do {
                    try await store.apply(.hold, to: id, actor: actor, at: .now())
                    return false
                } catch StoreError.illegal {}  // it has just been claimed
            // Claimed, and on its way to the scheduler: look again in a moment.
            case .running: try await Task.sleep(for: .milliseconds(20))
            default: throw StoreError.illegal(job: id, state: state, event: reason == .hold ? .hold : .cancel)
            }
        }
        throw ControlError(.unavailable, "job \(id) could not be stopped yet; try again")
    }

    private func retry(_ id: JobID, _ caller: Caller) async throws {
        let row = try await known(id)
        guard row.state.applying(.retry) != nil else { throw StoreError.illegal(job: id, state: row.state, event: .retry) }
        // A user's retries are counted one after the other.
        try await retries.run(row.uid) {
            try await checkQuota(of: row, caller)
            do {
                // Where an earlier try got this far and no further, it lies in active/ already.
                try await disk { [spool] in if try spool.place(of: id) != .active { try spool.reopen(id) } }
            } catch let error as SpoolError {
                guard case .notRetryable = error else { throw error }
                throw ControlError(.wrongState, "\(error)")
            }
            try await store.apply(.retry, to: id, actor: Self.actor(caller), at: .now())
        }
    }

    /// A job that is tried again is under way like a new one.
    private func checkQuota(of row: StoredJob, _ caller: Caller) async throws {
        let quota = quota.value
        guard quota != .none, !caller.isAdmin else { return }
        let used = try await store.underWay(of: row.uid)
        let record = try? await disk { [spool] in try IntakeRecord.read(spool.directory(.failed, row.id)) }
        let allowance = Allowance(submitter: row.uid, quota: quota, used: Quota(jobs: used.jobs, bytes: used.bytes, queries: used.queries))
        if let refusal = allowance.refusal(queries: row.queries, bytes: record?.bytes ?? 0) { throw ControlError(.notAllowed, refusal.message) }
    }

    // MARK: Parts

    private func known(_ id: JobID) async throws -> StoredJob {
        do { return try await store.job(id) } catch StoreError.unknownJob { throw ControlError.noSuchJob(id.rawValue) }
    }

    private func summary(_ row: StoredJob) -> JobSummary {
        var summary = JobSummary(row)
        // What runs waits only where a write failed.
        if let scarcity = gauge.scarcity, row.state == .queued || (row.state == .running && scarcity.isFull) { summary.waiting = gauge.waiting }
        return summary
    }

    /// Who did it, for the log of events: the kernel says so.
    private static func actor(_ caller: Caller) -> String { "\(name(of: caller.uid)) (uid \(caller.uid), process \(caller.pid))" }

    /// The user's name, or the number where it has none (getpwuid_r(3)).
    private static func name(of uid: UInt32) -> String {
        var entry = passwd(), found: UnsafeMutablePointer<passwd>?, buffer = [CChar](repeating: 0, count: 4096)
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, let found else { return String(uid) }
        return String(cString: found.pointee.pw_name)
    }
}

extension JobSummary {
    init(_ row: StoredJob) {
        self.init(
            id: row.id, name: row.name, state: row.state, uid: row.uid, priority: row.priority, created: Date(milliseconds: row.created),
            started: row.started.map(Date.init(milliseconds:)), finished: row.finished.map(Date.init(milliseconds:)),
            queries: row.queries, answered: row.answered, failed: row.failed, failure: row.failure)
    }
}
