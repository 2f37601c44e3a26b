// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLWorker

/// The second half of a training's run: what its worker says while it learns.
extension JobRun {
    /// Replies between two entries of a journal: an honest worker says twice a second how far it is.
    static let wordsBetweenEntries = 100_000

    /// All verdicts of a training's pictures, and their features, are durable.
    package mutating func settled() { fit?.isOpen = true }

    /// How far learning is, 0 to 1; `nil` before it begins, and where there is none.
    package var learned: Double? { fit.flatMap { $0.isOpen && unanswered.isEmpty ? $0.share : nil } }

    /// What this run's learning must know of its pictures.
    package var unusable: [Int] { fit?.unusable.sorted() ?? [] }

    /// Whether `worker` is to learn, rather than to encode.
    package func isFitting(_ worker: WorkerID) -> Bool { slices[worker] != nil && fit?.isOpen == true && unanswered.isEmpty }

    /// What `worker` said is on the disk.
    /// - Parameter pausing: whether it is told to pause, rather than to go on.
    /// - Returns: whether it waits for a word.
    package mutating func kept(by worker: WorkerID, pausing: Bool) -> Bool {
        guard slices[worker] != nil, fit?.isWaiting == true else { return false }
        fit!.kept(pausing: pausing)
        return true
    }

    mutating func take(_ pictures: [Numbered<EncodedPicture>], from worker: WorkerID) -> [Action] {
        guard fit?.admits(pictures.map(\.value)) == true else { return distrust(worker, "the worker said features that are none") }
        return take(pictures.map { Verdict.AtOrdinal($0.ordinal, $0.value.verdict, features: $0.value.features) }, from: worker)
    }

    mutating func step(_ worker: WorkerID, _ take: (inout FitPhase) -> FitPhase.Step) -> [Action] {
        guard isFitting(worker) else { return distrust(worker, "the worker learned what it was not asked to") }
        switch take(&fit!) {
        case .nothing: return []
        case .nonsense(let why): return distrust(worker, why)
        case .keep(let name, let bytes):
            slices[worker]!.replies = Self.wordsBetweenEntries
            return [.keep(worker, name: name, bytes)]
        }
    }

    mutating func pause(_ worker: WorkerID) -> [Action] {
        guard isFitting(worker), fit!.isToPause else { return distrust(worker, "the worker paused without being told to") }
        slices[worker] = nil
        return [.release(worker)] + endIfStopped()
    }
}
