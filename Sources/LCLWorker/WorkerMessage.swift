// SPDX-License-Identifier: Apache-2.0
import LCLJob

/// What the daemon says to a worker: one JSON object a line on the worker's standard input.
public enum WorkerRequest: Codable, Sendable {
    /// From now on everything is this user's: other users' models are given up. Said once, before anything of his. 0 is an administrator.
    case serve(UInt32)
    /// Answer these queries of a job.
    case slice(Slice)
    /// Encode these pictures of a training.
    case encode(Encoding)
    /// Learn from a training's features.
    case fit(Fitting)
    /// What was kept is on the disk: go on.
    case proceed
    /// The same, and other jobs wait.
    case pause
    /// Try everything that a worker must not be able to do.
    case probe

    public struct Slice: Codable, Sendable {
        public var job: JobID
        /// The same for all slices of one run of the job: what a worker remembers a linked support set by.
        public var run: UInt64
        /// The job's manifest; its queries are not looked at.
        public var manifest: Manifest
        /// The queries to answer, each with its place in the job; all of them where the job is transductive.
        /// None: only link the supports and report on them.
        public var queries: [Numbered<Manifest.Query>]
        /// How many queries to look at together; 1 finds the one that crashes a worker.
        public var batch: Int

        public init(
            job: JobID, run: UInt64, manifest: Manifest, queries: [Numbered<Manifest.Query>], batch: Int
        ) {
            self.job = job
            self.run = run
            self.manifest = manifest
            self.queries = queries
            self.batch = batch
        }
    }
}

/// What a worker says to the daemon: one JSON object a line on its standard output.
public enum WorkerReply: Codable, Sendable {
    /// Said once, when it is ready for slices.
    case ready(engine: String, confinement: Confinement)
    /// The support set of the slice's job was read and linked; before any verdict.
    case linked(Linked)
    /// The worker begins with these queries: the ones to suspect if it dies before their verdicts.
    /// None: it is at work on the supports.
    case began(ordinals: [Int])
    case verdicts([Numbered<Verdict>])
    /// What became of some pictures of a training.
    case encoded([Numbered<EncodedPicture>])
    /// A piece of what is to be kept; after the last the worker waits for `proceed` or `pause`, but for the link file.
    case part(WorkerPart)
    /// How far learning is, 0 to 1; and that the worker lives.
    case learning(share: Double)
    /// The link file was said, and this of it.
    case learned(TrainingReport)
    /// It has stopped learning as it was told.
    case paused
    /// The slice is answered.
    case finished
    /// The job cannot be answered, whoever tries: the submitter's mistake.
    case failed(Failure)
    /// What it could do of that which it must not: nothing, where all is well.
    case probed(breaches: [String])
}

/// What a job's result says beside its verdicts: the same from every worker, as long as the model is the same.
public struct Linked: Codable, Equatable, Sendable {
    public var support: SupportReport
    public var model: JobResult.ModelIdentity
    /// The method that answers: never `link`, which leaves the choice to the model.
    public var method: Manifest.Method
    /// Where the supports were read as a conversation.
    public var conversation: ConversationReport?

    public init(support: SupportReport, model: JobResult.ModelIdentity, method: Manifest.Method, conversation: ConversationReport? = nil) {
        self.support = support
        self.model = model
        self.method = method
        self.conversation = conversation
    }
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
