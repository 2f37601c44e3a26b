// SPDX-License-Identifier: Apache-2.0
import LCLJob

/// What the daemon says to a worker: one JSON object a line on the worker's standard input.
public enum WorkerRequest: Codable, Sendable {
    /// Answer these queries of a job.
    case slice(Slice)

    public struct Slice: Codable, Sendable {
        public var job: JobID
        /// Absolute path of the job's private snapshot.
        public var directory: String
        /// The job's manifest; its queries are not looked at.
        public var manifest: Manifest
        /// The queries to answer, each with its place in the job.
        public var queries: [Numbered<Manifest.Query>]

        public init(job: JobID, directory: String, manifest: Manifest, queries: [Numbered<Manifest.Query>]) {
            self.job = job
            self.directory = directory
            self.manifest = manifest
            self.queries = queries
        }
    }
}

/// What a worker says to the daemon: one JSON object a line on its standard output.
public enum WorkerReply: Codable, Sendable {
    /// Said once, after the model is loaded.
    case ready(engine: String, model: JobResult.ModelIdentity)
    /// The support set of the slice's job was read and linked; before any verdict.
    case linked(SupportReport)
    /// The worker begins with these queries: the ones to suspect if it dies before their verdicts.
    case began(ordinals: [Int])
    case verdicts([Numbered<Verdict>])
    /// The slice is answered.
    case finished
    /// The job cannot be answered, whoever tries: the submitter's mistake.
    case failed(Failure)
}

/// A value with its place among the queries of its job, from 0.
public struct Numbered<Value: Codable & Sendable>: Codable, Sendable {
    public var ordinal: Int
    public var value: Value

    public init(ordinal: Int, value: Value) {
        self.ordinal = ordinal
        self.value = value
    }
}
