// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLControl
import LCLJob
import Synchronization

/// A backend in memory: a few jobs, and what was asked of it.
final class FakeDaemon: ControlBackend {
    struct State {
        var jobs: [JobID: JobDetail] = [:]
        var mode = DaemonStatus.Mode.running
        var filters: [JobFilter] = []
        var watchers: [Int: AsyncStream<JobProgress>.Continuation] = [:]
        var nextWatcher = 0
        var resultPath: String?
        var breaks = false
    }

    private let state = Mutex(State())

    init(_ jobs: [JobDetail] = []) {
        state.withLock { state in
            for job in jobs { state.jobs[job.summary.id] = job }
        }
    }

    func with<T: Sendable>(_ body: (inout sending State) throws -> sending T) rethrows -> T { try state.withLock(body) }

    static func job(_ name: String, uid: UInt32, _ jobState: JobState = .queued, answered: Int = 0) -> JobDetail {
        JobDetail(
            summary: JobSummary(
                id: JobID(slug: name), name: "the job \(name)", state: jobState, uid: uid, priority: 0,
                created: Date(timeIntervalSince1970: 1_800_000_000), queries: 10, answered: answered, failed: 0),
            model: "default", method: .link, labels: [.init(name: "cat", support: 2), .init(name: "dog", support: 3)],
            transductive: false, seed: 1, attempts: 0, expires: nil, directory: "/var/spool/lcld/active/\(name)")
    }

    func status() async throws -> DaemonStatus {
        struct Broken: Error {}
        return try state.withLock { state in
            if state.breaks { throw Broken() }
            return DaemonStatus(
                version: "0.1.0", pid: 42, started: Date(timeIntervalSince1970: 1_800_000_000), mode: state.mode,
                workers: state.jobs.keys.sorted().map { .init(pid: 7, state: .busy, job: $0) }, jobs: ["queued": state.jobs.count],
                answered: 5, rate: 2.5, models: ["default"], spool: "/var/spool/lcld", free: 1 << 30)
        }
    }

    func jobs(_ filter: JobFilter) async throws -> JobPage {
        state.withLock { state in
            state.filters.append(filter)
            let all = state.jobs.values.map(\.summary).sorted { $0.id < $1.id }.filter { job in
                (filter.uid.map { $0 == job.uid } ?? true) && (filter.states.isEmpty || filter.states.contains(job.state))
            }
            let rest = all.drop { job in filter.cursor.map { job.id.rawValue <= $0 } ?? false }
            let page = Array(rest.prefix(filter.limit))
            return JobPage(jobs: page, next: page.count < rest.count ? page.last?.id.rawValue : nil)
        }
    }

    func summary(of id: JobID) async throws -> JobSummary { try await job(id).summary }

    func job(_ id: JobID) async throws -> JobDetail {
        guard let job = state.withLock({ $0.jobs[id] }) else { throw ControlError.noSuchJob(id.rawValue) }
        return job
    }

    func resultPath(of id: JobID) async throws -> String {
        guard let path = state.withLock({ $0.resultPath }) else { throw ControlError(.wrongState, "job '\(id)' is not done") }
        return path
    }

    func log(of id: JobID?, uid: UInt32?, limit: Int) async throws -> [LogEntry] {
        [LogEntry(at: Date(timeIntervalSince1970: 1_800_000_000), job: id, event: "start", actor: uid.map { "\($0)" } ?? "all", detail: "\(limit)")]
    }

    func perform(_ action: JobAction, on id: JobID, by caller: Caller) async throws -> JobSummary {
        try state.withLock { state in
            guard var job = state.jobs[id] else { throw ControlError.noSuchJob(id.rawValue) }
            let event: JobEvent? = switch action {
            case .cancel: .cancel
            case .hold: .hold
            case .release: .release
            case .retry: .retry
            case .priority: nil
            }
            if case .priority(let priority) = action { job.summary.priority = priority }
            if let event {
                guard let next = job.summary.state.applying(event) else { throw ControlError(.wrongState, "job '\(id)' is \(job.summary.state)") }
                job.summary.state = next
            }
            state.jobs[id] = job
            return job.summary
        }
    }

    func perform(_ action: DaemonAction, by caller: Caller) async throws -> DaemonStatus {
        state.withLock { $0.mode = action == .pause ? .paused : action == .drain ? .draining : .running }
        return try await status()
    }

    func progress() async -> AsyncStream<JobProgress> {
        let (stream, continuation) = AsyncStream.makeStream(of: JobProgress.self, bufferingPolicy: .bufferingNewest(100))
        let number = state.withLock { state in
            state.nextWatcher += 1
            state.watchers[state.nextWatcher] = continuation
            return state.nextWatcher
        }
        continuation.onTermination = { [weak self] _ in _ = self?.state.withLock { $0.watchers.removeValue(forKey: number) } }
        return stream
    }

    /// The job is now so, and its watchers hear of it.
    func advance(_ name: String, to jobState: JobState, answered: Int, quietly: Bool = false) {
        state.withLock { state in
            let id = JobID(slug: name)
            guard var job = state.jobs[id] else { return }
            job.summary.state = jobState
            job.summary.answered = answered
            state.jobs[id] = job
            if !quietly { for watcher in state.watchers.values { watcher.yield(JobProgress(job.summary)) } }
        }
    }
}
