// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob

/// What the daemon is doing: the answer to `GET /v1/status`.
public struct DaemonStatus: Codable, Hashable, Sendable {
    public var version: String
    public var pid: Int32
    public var started: Date
    public var mode: Mode
    public var workers: [Worker]
    /// Number of jobs in each state, keyed by ``JobState``'s raw value; states without jobs may be left out.
    public var jobs: [String: Int]
    /// Queries answered since the daemon started.
    public var answered: Int
    /// Queries answered per second, over the last minute.
    public var rate: Double
    /// Those that the caller may use.
    public var models: [String]
    /// Of models that are one user's alone, by name: for the server, which tells others nothing of them.
    public var owners: [String: UInt32]?
    public var spool: String
    /// Free bytes on the spool's filesystem.
    public var free: Int?
    /// What holds work back, and since when.
    public var waiting: [Waiting]

    public init(
        version: String, pid: Int32, started: Date, mode: Mode, workers: [Worker], jobs: [String: Int], answered: Int,
        rate: Double, models: [String], owners: [String: UInt32]? = nil, spool: String, free: Int?, waiting: [Waiting] = []
    ) {
        self.version = version
        self.pid = pid
        self.started = started
        self.mode = mode
        self.workers = workers
        self.jobs = jobs
        self.answered = answered
        self.rate = rate
        self.models = models
        self.owners = owners
        self.spool = spool
        self.free = free
        self.waiting = waiting
    }

    public enum Mode: String, Codable, Sendable, CaseIterable {
        case running
        /// Jobs are accepted, none is started.
        case paused
        /// What runs is finished, nothing is started or taken in.
        case draining
    }

    public struct Worker: Codable, Hashable, Sendable {
        public var pid: Int32
        public var state: State
        /// The job it works for.
        public var job: JobID?

        public init(pid: Int32, state: State, job: JobID?) {
            self.pid = pid
            self.state = state
            self.job = job
        }

        public enum State: String, Codable, Sendable {
            case starting
            case idle
            case busy
        }
    }
}

/// Why work waits that could otherwise begin; it goes on by itself.
public struct Waiting: Codable, Hashable, Sendable {
    public enum Reason: String, Codable, Sendable {
        /// The disk is full, or nearly.
        case disk
        /// Entries of `incoming/` that could not be taken for now.
        case intake
        /// Workers died for want of memory: fewer run for a while.
        case memory
    }

    public var reason: Reason
    public var since: Date
    /// What is the matter, and what to do.
    public var detail: String

    public init(reason: Reason, since: Date, detail: String) {
        self.reason = reason
        self.since = since
        self.detail = detail
    }
}

/// One line about a job.
public struct JobSummary: Codable, Hashable, Sendable {
    public var id: JobID
    public var name: String?
    public var state: JobState
    /// The submitter.
    public var uid: UInt32
    public var priority: Int
    public var created: Date
    public var started: Date?
    public var finished: Date?
    public var queries: Int
    /// Queries that have a verdict, whichever.
    public var answered: Int
    /// Queries whose verdict is an error.
    public var failed: Int
    /// Why the job ended badly.
    public var failure: Failure?
    /// What keeps it from running, beside the jobs before it.
    public var waiting: Waiting?

    public init(
        id: JobID, name: String?, state: JobState, uid: UInt32, priority: Int, created: Date, started: Date? = nil,
        finished: Date? = nil, queries: Int, answered: Int, failed: Int, failure: Failure? = nil, waiting: Waiting? = nil
    ) {
        self.id = id
        self.name = name
        self.state = state
        self.uid = uid
        self.priority = priority
        self.created = created
        self.started = started
        self.finished = finished
        self.queries = queries
        self.answered = answered
        self.failed = failed
        self.failure = failure
        self.waiting = waiting
    }
}

/// All about a job but its answers: `GET /v1/jobs/ID`.
public struct JobDetail: Codable, Hashable, Sendable {
    public var summary: JobSummary
    public var model: String
    public var method: Manifest.Method
    public var labels: [Label]
    public var transductive: Bool
    public var seed: UInt64
    public var attempts: Int
    /// When the job expires if it has not started.
    public var expires: Date?
    /// Where its files lie.
    public var directory: String
    /// Everything that was wrong with it, where it failed at intake; ``JobSummary/failure`` is the first.
    public var problems: [Failure]
    /// Where the job is to make a model.
    public var training: Manifest.Training?

    public init(
        summary: JobSummary, model: String, method: Manifest.Method, labels: [Label], transductive: Bool,
        seed: UInt64, attempts: Int, expires: Date?, directory: String, problems: [Failure] = [], training: Manifest.Training? = nil
    ) {
        self.summary = summary
        self.model = model
        self.method = method
        self.labels = labels
        self.transductive = transductive
        self.seed = seed
        self.attempts = attempts
        self.expires = expires
        self.directory = directory
        self.problems = problems
        self.training = training
    }

    public struct Label: Codable, Hashable, Sendable {
        public var name: String
        /// Number of supports.
        public var support: Int

        public init(name: String, support: Int) {
            self.name = name
            self.support = support
        }
    }
}

/// Which jobs to list, newest first.
public struct JobFilter: Hashable, Sendable {
    public static let maximumLimit = 1000

    /// Empty is all states.
    public var states: [JobState]
    /// The submitter; `nil` is all.
    public var uid: UInt32?
    /// 1 to ``maximumLimit``.
    public var limit: Int
    /// ``JobPage/next`` of the page before.
    public var cursor: String?

    public init(states: [JobState] = [], uid: UInt32? = nil, limit: Int = 100, cursor: String? = nil) {
        self.states = states
        self.uid = uid
        self.limit = limit
        self.cursor = cursor
    }
}

public struct JobPage: Codable, Hashable, Sendable {
    public var jobs: [JobSummary]
    /// The cursor of the next page; `nil` on the last. Only the backend looks into it.
    public var next: String?

    public init(jobs: [JobSummary], next: String?) {
        self.jobs = jobs
        self.next = next
    }
}

/// One thing that happened to a job or to the daemon.
public struct LogEntry: Codable, Hashable, Sendable {
    public var at: Date
    /// `nil` where it is about the daemon itself.
    public var job: JobID?
    /// What happened: a ``JobEvent``'s raw value, or another word.
    public var event: String
    /// Who did it: a user's name, or `lcld`.
    public var actor: String
    public var detail: String?

    public init(at: Date, job: JobID?, event: String, actor: String, detail: String?) {
        self.at = at
        self.job = job
        self.event = event
        self.actor = actor
        self.detail = detail
    }
}

/// Oldest first.
public struct LogPage: Codable, Hashable, Sendable {
    public var entries: [LogEntry]

    public init(entries: [LogEntry]) { self.entries = entries }
}

/// How far a job is, sent whenever its state changes or queries were answered: a line of `GET /v1/watch`.
public struct JobProgress: Codable, Hashable, Sendable {
    public var job: JobID
    public var uid: UInt32
    public var state: JobState
    public var queries: Int
    /// Queries that have a verdict, whichever.
    public var answered: Int
    /// Queries whose verdict is an error.
    public var failed: Int
    /// How far a training's learning is, 0 to 1, once all of its pictures are encoded.
    public var learned: Double?

    public init(job: JobID, uid: UInt32, state: JobState, queries: Int, answered: Int, failed: Int, learned: Double? = nil) {
        self.job = job
        self.uid = uid
        self.state = state
        self.queries = queries
        self.answered = answered
        self.failed = failed
        self.learned = learned
    }

    public init(_ summary: JobSummary) {
        self.init(
            job: summary.id, uid: summary.uid, state: summary.state, queries: summary.queries, answered: summary.answered,
            failed: summary.failed)
    }
}

/// What a user may ask for one job.
public enum JobAction: Hashable, Sendable {
    case cancel
    case hold
    case release
    case retry
    /// -100 to 100: checked by the routes.
    case priority(Int)
}

/// What an administrator may ask of the daemon.
public enum DaemonAction: String, Codable, Sendable, CaseIterable {
    case pause
    case resume
    case drain
}
