// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLWorker

/// One run of a job, from its claim to its end: which queries wait, which worker has which, whom to blame for a death.
///
/// Pure: events in, actions out; its owner carries them out in order.
package struct JobRun {
    package typealias WorkerID = Int

    struct Slice {
        var remaining: Set<Int>
        /// Looked at when last heard of.
        var began: [Int] = []
        /// How many replies may still come: an honest worker says something for each picture at most.
        var replies: Int
        /// How often it may still say that it is at the same queries as before: every two seconds (`SignsOfLife`) for eleven hours.
        var signs = 20_000
    }

    /// Deaths of workers that one run puts up with, so that a job of nothing but poison ends.
    package static let maximumDeaths = 32

    /// Workers older than the model that cost nothing: as many as there may be, and no more than one that lies is to get away with.
    private static let maximumOutdated = 256
    private var outdated = 0

    package let manifest: Manifest
    private let queries: [Manifest.Query]
    private let plausibility: Plausibility
    /// Not answered and with no worker, lowest last.
    private var waiting: [Int]
    /// Those that a worker died over: tried again alone.
    private var suspects: [Int] = []
    /// How many workers died over a query.
    private var deaths: [Int: Int] = [:]
    private var evidence: [String] = []
    var slices: [WorkerID: Slice] = [:]
    var unanswered: Set<Int>
    package private(set) var linked: Linked?
    /// What the answers of earlier runs were given by.
    private let known: Linked?
    /// Whether a worker ever had a part of it.
    package private(set) var hasBegun = false
    /// An earlier run ended for want of memory: one query at a time.
    private let gently: Bool
    private var stop: Stop?
    private var ended = false
    /// Of a training alone.
    package let isTraining: Bool
    var fit: FitPhase?

    /// - Parameters:
    ///   - manifest: its queries are a list.
    ///   - unanswered: ordinals without a verdict; a transductive job with any is answered as a whole again.
    ///   - known: what the answers of earlier runs were given by.
    ///   - gently: look at one query at a time.
    ///   - unusable: pictures of a training that are known to have no features.
    ///   - kept: what a training's journal has.
    package init(
        manifest: Manifest, unanswered: [Int], known: Linked? = nil, gently: Bool = false, unusable: [Int] = [], kept: Set<JobID> = []
    ) {
        precondition(manifest.patterns.isEmpty, "queries are listed at intake")
        let queries = manifest.work
        self.manifest = manifest.withoutQueries()
        self.queries = queries
        isTraining = manifest.task == .train
        if isTraining { fit = FitPhase(unusable: unusable, kept: kept, isOpen: unanswered.isEmpty) }
        plausibility = Plausibility(manifest)
        self.known = known
        self.gently = gently
        let open = manifest.options.transductive && !unanswered.isEmpty ? Array(queries.indices) : unanswered
        waiting = open.sorted(by: >)
        self.unanswered = Set(open)
    }

    package var workers: [WorkerID] { slices.keys.sorted() }
    package var answered: Int { queries.count - unanswered.count }
    package var queryCount: Int { queries.count }

    /// How many queries could be given to another worker now; a support set that nobody linked yet counts as one.
    package var open: Int {
        if ended || stop != nil { return 0 }
        if let fit, unanswered.isEmpty { return fit.isOpen && slices.isEmpty ? 1 : 0 }
        if manifest.options.transductive || (linked == nil && unanswered.isEmpty) { return slices.isEmpty ? max(1, waiting.count) : 0 }
        return waiting.count + suspects.count
    }

    package func query(_ ordinal: Int) -> Manifest.Query { queries[ordinal] }

    /// Gives `worker` up to `size` queries, or nothing where none is open.
    package mutating func assign(to worker: WorkerID, size: Int) -> Assignment? {
        precondition(slices[worker] == nil, "a worker has one slice at a time")
        guard open > 0 else { return nil }
        hasBegun = true
        var assignment = Assignment(ordinals: [], batch: gently ? 1 : JobRunner.batch)
        if fit != nil, unanswered.isEmpty {
            fit!.begin()
            slices[worker] = Slice(remaining: [], replies: Self.wordsBetweenEntries)
            return assignment
        }
        if manifest.options.transductive {
            assignment.ordinals = waiting.reversed()
            if !deaths.isEmpty { assignment.batch = 1 }
            waiting = []
        } else if let suspect = suspects.popLast() {
            assignment = Assignment(ordinals: [suspect], batch: 1)
        } else {
            assignment.ordinals = waiting.suffix(size).reversed()
            waiting.removeLast(assignment.ordinals.count)
        }
        slices[worker] = Slice(remaining: Set(assignment.ordinals), replies: 2 * (plausibility.supportCount + assignment.ordinals.count) + 64)
        return assignment
    }

    /// What follows from what a worker said or from its end.
    package mutating func handle(_ event: Event, from worker: WorkerID) -> [Action] {
        guard !ended, let slice = slices[worker] else { return [] }
        if case .replied(.began(let ordinals)) = event, slice.signs > 0, ordinals == slice.began {
            slices[worker]!.signs -= 1
            return []
        }
        slices[worker]!.replies -= 1
        if slices[worker]!.replies < 0, case .replied = event { return distrust(worker, "the worker talked without end") }
        switch event {
        case .replied(.ready), .replied(.probed): return distrust(worker, "the worker said something else in the middle of its work")
        case .replied(.linked(let report)): return link(report, worker)
        case .replied(.began(let ordinals)):
            slices[worker]!.began = slices[worker]!.remaining.intersection(ordinals).sorted()
            return []
        case .replied(.verdicts(let verdicts)):
            return isTraining ? distrust(worker, "the worker answered a training") : take(verdicts.map { Verdict.AtOrdinal($0.ordinal, $0.value) }, from: worker)
        case .replied(.encoded(let pictures)):
            return take(pictures, from: worker)
        case .replied(.part(let part)): return step(worker) { $0.take(part) }
        case .replied(.learned(let report)): return step(worker) { $0.take(report) }
        case .replied(.learning(let share)):
            fit?.heard(share: share)
            return []
        case .replied(.paused): return pause(worker)
        case .replied(.finished): return finish(worker)
        case .replied(.failed(let failure)):
            guard plausibility.admits(failure) else { return distrust(worker, "the worker gave a reason that is none") }
            slices[worker] = nil
            return [.release(worker)] + end(.failed(failure))
        case .died(let cause, let death): return bury(worker, cause, death)
        }
    }

    /// Ends the run early: a worker in the middle of a batch may finish it first, unless the job is cancelled.
    package mutating func stop(_ reason: Stop) -> [Action] {
        guard !ended else { return [] }
        // Being held or cancelled stays that, though the daemon stops as well.
        if reason != .requeue || stop == nil { stop = reason }
        let dropped = slices.filter { reason == .cancel || $0.value.began.isEmpty || manifest.options.transductive }.keys.sorted()
        for worker in dropped { slices[worker] = nil }
        return dropped.map { .kill($0) } + endIfStopped()
    }

    /// Ends a stopping run at once: its time is over.
    package mutating func abandon() -> [Action] {
        ended || stop == nil ? [] : end(.stopped(stop!))
    }

    // MARK: Transitions

    private mutating func link(_ report: Linked, _ worker: WorkerID) -> [Action] {
        guard plausibility.admits(report) else { return distrust(worker, "the worker's report is none on its supports") }
        if let before = linked ?? known, before != report { return end(.modelChanged) }
        linked = report
        return []
    }

    mutating func take(_ verdicts: [Verdict.AtOrdinal], from worker: WorkerID) -> [Action] {
        let remaining = slices[worker]!.remaining
        guard verdicts.allSatisfy({ !remaining.contains($0.ordinal) || plausibility.admits($0.verdict, on: queries[$0.ordinal]) }) else {
            return distrust(worker, "the worker gave a verdict that is none on its query")
        }
        let wanted = verdicts.filter { slices[worker]!.remaining.remove($0.ordinal) != nil }
        slices[worker]!.began = []
        note(wanted)
        // A commit each: not for nothing.
        let checkpoint = wanted.isEmpty ? [] : [Action.checkpoint(wanted)]
        guard stop != nil, !manifest.options.transductive else { return checkpoint }
        slices[worker] = nil
        return checkpoint + [.kill(worker)] + endIfStopped()
    }

    private mutating func note(_ verdicts: [Verdict.AtOrdinal]) {
        unanswered.subtract(verdicts.map(\.ordinal))
        fit?.unusable += verdicts.filter { $0.verdict.error != nil }.map(\.ordinal)
    }

    /// A worker that does not keep to the conversation is a dead one.
    mutating func distrust(_ worker: WorkerID, _ why: String) -> [Action] { [.kill(worker)] + bury(worker, why) }

    private mutating func finish(_ worker: WorkerID) -> [Action] {
        let isFitting = isTraining && unanswered.isEmpty && fit!.isOpen
        guard slices[worker]!.remaining.isEmpty, let linked, !isFitting || fit!.outcome != nil else {
            return distrust(worker, "the worker said that it had finished, and had not")
        }
        slices[worker] = nil
        if isFitting, let (link, report) = fit!.outcome { return [.release(worker)] + end(.trained(linked, report, link: link)) }
        return [.release(worker)] + endIfComplete() + endIfStopped()
    }

    private mutating func bury(_ worker: WorkerID, _ cause: String, _ death: Death = .crash) -> [Action] {
        let slice = slices.removeValue(forKey: worker)!
        guard stop == nil else { return endIfStopped() }
        if death == .outdated, outdated < Self.maximumOutdated {
            outdated += 1
            waiting = (waiting + slice.remaining).sorted(by: >)
            return endIfComplete()
        }
        let blamed = death.isBlameless ? [] : slice.began
        evidence.append(cause + (death.isBlameless ? "" : blamed.isEmpty ? ", at the supports" : ", at queries " + blamed.map { queries[$0].id }.joined(separator: ", ")))
        // Want of memory is the batch's fault, not a picture's: the attempt is lost, and the next goes gently.
        guard !blamed.isEmpty, evidence.count < Self.maximumDeaths, !(death == .memory && blamed.count > 1) else { return end(.crashed(evidence: evidence)) }
        for ordinal in blamed { deaths[ordinal, default: 0] += 1 }
        var actions: [Action] = []
        var back = slice.remaining
        if blamed.count == 1, deaths[blamed[0]]! >= 2 {
            back.remove(blamed[0])
            note([crashed(blamed[0])])
            actions = [.checkpoint([crashed(blamed[0])])]
        } else if !manifest.options.transductive {
            back.subtract(blamed)
            suspects += blamed.sorted(by: >)
        }
        waiting = (waiting + back).sorted(by: >)
        return actions + endIfComplete()
    }

    private func crashed(_ ordinal: Int) -> Verdict.AtOrdinal {
        let query = queries[ordinal]
        let failure = Failure(
            .imageCrashed, "'\(query.image)' ended two workers that looked at it; save it again from its source, and please report it",
            subject: query.image)
        return Verdict.AtOrdinal(ordinal, Verdict(id: query.id, image: query.image, sha256: nil, outcome: .failure(failure)))
    }

    private mutating func endIfComplete() -> [Action] {
        guard unanswered.isEmpty, slices.isEmpty, !ended else { return [] }
        if isTraining { return fit!.isOpen ? [] : [.settle] }
        guard let linked else { return [] }
        return end(.complete(linked))
    }

    // MARK: Ends

    mutating func endIfStopped() -> [Action] {
        guard !ended, let stop, slices.isEmpty else { return [] }
        return end(.stopped(stop))
    }

    /// Nothing that a worker of this run says counts from now on.
    private mutating func end(_ ending: Ending) -> [Action] {
        let workers = slices.keys.sorted()
        slices = [:]
        ended = true
        return workers.map { .kill($0) } + [.end(ending)]
    }
}

extension Verdict {
    /// A verdict and its query's place in the job.
    package struct AtOrdinal: Equatable, Sendable {
        package var ordinal: Int
        package var verdict: Verdict
        /// Of a training's picture, where it has some: made durable before the verdict.
        package var features: Data?

        package init(_ ordinal: Int, _ verdict: Verdict, features: Data? = nil) {
            self.ordinal = ordinal
            self.verdict = verdict
            self.features = features
        }
    }
}
