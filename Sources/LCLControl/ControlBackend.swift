// SPDX-License-Identifier: Apache-2.0
import LCLJob

/// What the control server asks of the daemon.
///
/// The server has checked the caller's rights, the ids and the limits before it calls. A ``ControlError`` thrown here
/// reaches the caller as it is; any other error is logged, and the caller is told `daemon.internal`.
public protocol ControlBackend: Sendable {
    func status() async throws -> DaemonStatus

    /// Newest first, `filter.limit` at most.
    /// - Throws: `request.bad` for a cursor that this backend did not make.
    func jobs(_ filter: JobFilter) async throws -> JobPage

    /// The job's line in the list: asked for often, so it must be cheap.
    /// - Throws: `job.unknown`.
    func summary(of id: JobID) async throws -> JobSummary

    /// - Throws: `job.unknown`.
    func job(_ id: JobID) async throws -> JobDetail

    /// The absolute path of the published `result.json` of a job that is `done`.
    /// - Throws: `job.unknown`; `job.wrong_state` where there is no result.
    func resultPath(of id: JobID) async throws -> String

    /// What happened last, oldest first: to the job, or to the daemon and the jobs of `uid` (`nil` is all).
    func log(of id: JobID?, uid: UInt32?, limit: Int) async throws -> [LogEntry]

    /// The job after the action.
    /// - Throws: `job.unknown`; `job.wrong_state` where ``JobState/applying(_:)`` says no.
    func perform(_ action: JobAction, on id: JobID, by caller: Caller) async throws -> JobSummary

    func perform(_ action: DaemonAction, by caller: Caller) async throws -> DaemonStatus

    /// What happens from now on, to all jobs. Each call is a subscription of its own that ends with the stream's consumer or
    /// the daemon. A slow consumer may miss events (keep the newest, some hundreds); the server reads the job again from
    /// time to time, so a missed event delays a watcher and never hangs it.
    func progress() async -> AsyncStream<JobProgress>
}
