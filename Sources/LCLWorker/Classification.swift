// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLImage
import LCLJob
import LCLLink
import Synchronization

/// A job answered in this process, without a daemon: the same engine, the same result, byte for byte.
public struct Classification: Sendable {
    public let job: JobID
    /// Its queries are a list.
    public let manifest: Manifest
    public let source: any PictureSource
    public var models: String?
    public var limits = ImageLimits()
    public var threads = 1
    /// Where support sets that language models have read are kept.
    public var prefixes: PrefixCache?

    public init(job: JobID, manifest: Manifest, source: any PictureSource) {
        self.job = job
        self.manifest = manifest
        self.source = source
    }

    /// Answers all queries on threads of their own; the caller's thread only waits.
    /// - Parameter progress: called with the number of queries answered, from any thread.
    /// - Throws: ``Failure`` for the submitter's mistakes; `ModelError`, `LinkError` where the model is damaged.
    public func run(progress: @escaping @Sendable (Int) -> Void = { _ in }) throws -> JobResult {
        guard case .list(let queries) = manifest.queries else { preconditionFailure("the queries were resolved before") }
        let numbered = queries.enumerated().map { Numbered(ordinal: $0.offset, value: $0.element) }
        let work = SharedWork(numbered, slice: manifest.options.transductive ? numbered.count : JobRunner.batch, progress: progress)
        let first = try runner(), linked = try first.link(manifest, from: source, together: queries.count)
        let others = manifest.options.transductive || first.isParallel ? 0 : min(threads, (queries.count + JobRunner.batch - 1) / JobRunner.batch) - 1
        let group = DispatchGroup()
        for _ in 0..<max(0, others) {
            group.enter()
            let thread = Thread {
                work.run { try runner() } answer: { try $0.answer($1, of: linked, from: source, emit: work.take) }
                group.leave()
            }
            thread.start()
        }
        work.run { first } answer: { try $0.answer($1, of: linked, from: source, emit: work.take) }
        group.wait()
        return JobResult(
            job: job, manifest: manifest, linked: linked.linked, verdicts: try work.finish(), expected: queries.map(\.expected))
    }

    private func runner() throws -> JobRunner {
        // Nothing but duplicates profits from the cache here, so it is small.
        let memory = Int(ProcessInfo.processInfo.physicalMemory / 4 * 3)
        return try ModelShelf(directory: models, limits: limits, threads: threads, memory: memory, prefixes: prefixes).runner(for: manifest.model)
    }
}

extension JobResult {
    /// The one way a result is put together, with or without a daemon.
    /// - Parameter verdicts: in the order of the queries.
    public init(job: JobID, manifest: Manifest, linked: Linked, verdicts: [Verdict], expected: [String?]) {
        self.init(
            job: job.rawValue, name: manifest.name, engine: WorkerProgram.engine, model: linked.model, method: linked.method,
            seed: manifest.options.seed, transductive: manifest.options.transductive, labels: manifest.labels.map(\.name),
            support: linked.support, conversation: linked.conversation, queries: verdicts, expected: expected)
    }
}

/// Queries that several threads take slices of, and where their verdicts come together.
private final class SharedWork: Sendable {
    private struct State {
        var next = 0
        var answered = 0
        var verdicts: [Verdict?]
        var failure: (any Error)?
    }

    private let queries: [Numbered<Manifest.Query>]
    private let slice: Int
    private let progress: @Sendable (Int) -> Void
    private let state: Mutex<State>

    init(_ queries: [Numbered<Manifest.Query>], slice: Int, progress: @escaping @Sendable (Int) -> Void) {
        self.queries = queries
        self.slice = slice
        self.progress = progress
        state = Mutex(State(verdicts: Array(repeating: nil, count: queries.count)))
    }

    /// One thread's part: slices until none is left, or one thread has failed.
    func run(_ make: () throws -> JobRunner, answer: (JobRunner, [Numbered<Manifest.Query>]) throws -> Void) {
        do {
            let runner = try make()
            while let part = next() { try answer(runner, part) }
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
        }
    }

    private func next() -> [Numbered<Manifest.Query>]? {
        state.withLock { state in
            guard state.failure == nil, state.next < queries.count else { return nil }
            let start = state.next
            state.next = min(start + slice, queries.count)
            return Array(queries[start..<state.next])
        }
    }

    func take(_ verdicts: [Numbered<Verdict>]) {
        let answered = state.withLock { state in
            for verdict in verdicts { state.verdicts[verdict.ordinal] = verdict.value }
            state.answered += verdicts.count
            return state.answered
        }
        progress(answered)
    }

    func finish() throws -> [Verdict] {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            return state.verdicts.map { $0! }
        }
    }
}
