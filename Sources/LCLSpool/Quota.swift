// SPDX-License-Identifier: Apache-2.0
import LCLJob

/// What one submitter may have under way (queued, held and running) at a time; 0 is no bound.
public struct Quota: Equatable, Sendable {
    public var jobs: Int
    /// Of pictures.
    public var bytes: Int
    public var queries: Int
    /// That his trainings have made and nobody has removed.
    public var models: Int

    public init(jobs: Int = 0, bytes: Int = 0, queries: Int = 0, models: Int = 0) {
        self.jobs = jobs
        self.bytes = bytes
        self.queries = queries
        self.models = models
    }

    public static let none = Quota()
}

/// What is left of one submitter's quota when a job of his comes in.
public struct Allowance: Equatable, Sendable {
    /// Whose it is: another's job is not measured by it.
    public var submitter: UInt32
    public var quota: Quota
    /// What he has under way.
    public var used: Quota

    /// - Parameter submitter: root has no quota.
    public init(submitter: UInt32, quota: Quota, used: Quota) {
        self.submitter = submitter
        self.quota = submitter == 0 ? .none : quota
        self.used = used
    }

    /// Why one more job of so many queries and picture bytes is too much, or `nil` where it is not.
    public func refusal(queries: Int, bytes: Int) -> Failure? {
        let bounds = [
            ("jobs", quota.jobs, used.jobs, 1), ("queries", quota.queries, used.queries, queries), ("bytes of pictures", quota.bytes, used.bytes, bytes),
        ]
        for (what, bound, has, wants) in bounds where bound > 0 && has + wants > bound {
            let way = wants > bound ? "split the job" : "submit it again when some of them are over"
            return Failure(.quotaExceeded, "\(bound) \(what) at a time are allowed; there are \(has) under way and the job has \(wants); \(way)")
        }
        return nil
    }
}
