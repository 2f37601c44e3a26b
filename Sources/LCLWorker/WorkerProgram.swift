// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLImage
import LCLJob
import LCLLink
import LCLModel
import LCLTensor

/// One worker's life: requests from standard input, replies on standard output, until the input ends.
///
/// It runs on the thread that calls it and owns no state but caches: killing it loses nothing.
public struct WorkerProgram {
    /// The version that results name as their engine.
    public static let engine = "lcl \(Engine.version)"

    /// What its environment must say: OpenBLAS starts no threads, and runs the processor's best kernels.
    public static var environment: [String: String] {
        OpenBLASKernels.advice.merging(["OPENBLAS_NUM_THREADS": "1", "SWIFT_BACKTRACE": "enable=no"]) { $1 }
    }

    private let shelf: ModelShelf
    private let pictures: any PictureSource
    private let send: (WorkerReply) throws -> Void
    private let receive: () throws -> WorkerRequest?
    /// Of the base model that was trained from last.
    private var trainer: TrainingRunner?
    /// Linked support sets of the last runs: slices of a few jobs alternate.
    private var linked: [(run: UInt64, runner: JobRunner, job: JobRunner.LinkedJob)] = []
    private static let linkedRuns = 4

    /// - Parameters:
    ///   - pictures: those of the job of the request at hand.
    ///   - send: writes one reply.
    ///   - receive: reads one request, in the middle of another; `nil` where the daemon is gone.
    public init(
        shelf: ModelShelf, pictures: any PictureSource, send: @escaping (WorkerReply) throws -> Void,
        receive: @escaping () throws -> WorkerRequest? = { nil }
    ) {
        self.shelf = shelf
        self.pictures = pictures
        self.send = send
        self.receive = receive
    }

    /// Answers one request; the submitter's mistakes become `failed`, anything else ends the worker.
    public mutating func answer(_ request: WorkerRequest) throws {
        do {
            switch request {
            case .slice(let slice): try answer(slice, from: pictures)
            case .encode(let encoding): try encode(encoding)
            case .fit(let fitting): try fit(fitting)
            // Too late: nothing is kept at the moment.
            case .proceed, .pause, .serve: return
            case .probe: return try send(.probed(breaches: Confinement.breaches() + shelf.breaches()))
            }
            try send(.finished)
        } catch is FitConversation.Paused {
            try send(.paused)
        } catch let failure as Failure {
            if case .slice(let slice) = request { try shelf.vouch(for: slice.manifest.model) }
            try send(.failed(failure))
        }
    }

    // MARK: Trainings

    private mutating func encode(_ encoding: WorkerRequest.Encoding) throws {
        let trainer = try trainer(for: encoding.model), life = SignsOfLife(send)
        try send(.linked(trainer.linked))
        try trainer.encode(encoding.pictures, from: pictures, batch: encoding.batch, began: life.began, emit: { try send(.encoded($0)) })
    }

    private mutating func fit(_ fitting: WorkerRequest.Fitting) throws {
        let trainer = try trainer(for: fitting.model), conversation = FitConversation(source: pictures, send: send, receive: receive)
        try send(.linked(trainer.linked))
        let (link, report) = try trainer.fit(fitting, from: pictures, memory: shelf.memory, conversation)
        try conversation.say(link.encoded(), as: WorkerPart.linkName)
        try send(.learned(report))
    }

    /// The card is read each time: a model that was replaced is another.
    private mutating func trainer(for model: String) throws -> TrainingRunner {
        let base = try shelf.directory(of: model)
        if let trainer, trainer.base.identity == base.identity { return trainer }
        let fresh = try TrainingRunner(base: base, limits: shelf.limits)
        trainer = fresh
        return fresh
    }

    // MARK: Answers

    private mutating func answer(_ slice: WorkerRequest.Slice, from source: some PictureSource) throws {
        let life = SignsOfLife(send)
        // Where the daemon is gone, the next word that matters finds it out.
        let runner = try shelf.runner(for: slice.manifest.model, alive: { try? life.began([]) })
        let job = try link(slice, with: runner, from: source, life)
        try runner.answer(
            slice.queries, of: job, from: source, batch: slice.batch, began: life.began, emit: {
                try shelf.vouch(for: slice.manifest.model)
                try send(.verdicts($0))
            })
    }

    private mutating func link(
        _ slice: WorkerRequest.Slice, with runner: JobRunner, from source: some PictureSource, _ life: SignsOfLife
    ) throws -> JobRunner.LinkedJob {
        if let known = linked.first(where: { $0.run == slice.run && $0.runner === runner }) {
            try send(.linked(known.job.linked))
            return known.job
        }
        // A language model's support set may take all the memory there is: none is kept beside it.
        if runner.isParallel { linked.removeAll { $0.runner.isParallel } }
        let job = try runner.link(slice.manifest, from: source, together: slice.queries.count, alive: { try life.began([]) })
        try shelf.vouch(for: slice.manifest.model)
        linked.append((slice.run, runner, job))
        if linked.count > Self.linkedRuns { linked.removeFirst() }
        try send(.linked(job.linked))
        return job
    }
}
