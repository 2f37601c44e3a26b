// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLImage
import LCLJob

/// One worker's life: requests from standard input, replies on standard output, until the input ends.
///
/// It runs on the thread that calls it and owns no state but caches: killing it loses nothing.
public struct WorkerProgram {
    /// The version that results name as their engine.
    public static let engine = "lcl \(Engine.version)"

    private let shelf: ModelShelf
    private let pictures: any PictureSource
    private let send: (WorkerReply) throws -> Void
    /// Linked support sets of the last runs: slices of a few jobs alternate.
    private var linked: [(run: UInt64, runner: JobRunner, job: JobRunner.LinkedJob)] = []
    private static let linkedRuns = 4

    /// - Parameters:
    ///   - pictures: those of the job of the request at hand.
    ///   - send: writes one reply.
    public init(
        shelf: ModelShelf, pictures: any PictureSource, send: @escaping (WorkerReply) throws -> Void
    ) {
        self.shelf = shelf
        self.pictures = pictures
        self.send = send
    }

    /// Answers one request; the submitter's mistakes become `failed`, anything else ends the worker.
    public mutating func answer(_ request: WorkerRequest) throws {
        switch request {
        case .slice(let slice):
            do {
                try answer(slice, from: pictures)
                try send(.finished)
            } catch let failure as Failure {
                try shelf.vouch(for: slice.manifest.model)
                try send(.failed(failure))
            }
        case .probe: try send(.probed(breaches: Confinement.breaches()))
        }
    }

    private mutating func answer(_ slice: WorkerRequest.Slice, from source: some PictureSource) throws {
        let runner = try shelf.runner(for: slice.manifest.model)
        let job = try link(slice, with: runner, from: source)
        try runner.answer(
            slice.queries, of: job, from: source, batch: slice.batch,
            began: { try send(.began(ordinals: $0)) }, emit: {
                try shelf.vouch(for: slice.manifest.model)
                try send(.verdicts($0))
            })
    }

    private mutating func link(
        _ slice: WorkerRequest.Slice, with runner: JobRunner, from source: some PictureSource
    ) throws -> JobRunner.LinkedJob {
        if let known = linked.first(where: { $0.run == slice.run && $0.runner === runner }) {
            try send(.linked(known.job.linked))
            return known.job
        }
        let job = try runner.link(slice.manifest, from: source, alive: { try send(.began(ordinals: [])) })
        try shelf.vouch(for: slice.manifest.model)
        linked.append((slice.run, runner, job))
        if linked.count > Self.linkedRuns { linked.removeFirst() }
        try send(.linked(job.linked))
        return job
    }
}
