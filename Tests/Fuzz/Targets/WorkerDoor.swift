// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDaemon
import LCLJob
import LCLWorker

/// A run of a small job whose workers say anything in any order, die, and are stopped: every query gets one verdict at most, which
/// is one on that query, and nothing follows the run's end.
final class WorkerDoor: FuzzDoor {
    func check(_ input: [UInt8]) throws {
        var choices = FuzzInput(input)
        var game = WorkerGame(&choices)
        for _ in 0..<200 where !choices.isEmpty { try game.step(&choices) }
    }
}

private struct WorkerGame {
    private let isTraining: Bool
    private let queries: [Manifest.Query]
    private var run: JobRun
    private let open: Set<Int>
    private var answered: Set<Int> = []
    private var assigned: [Int: Set<Int>] = [:]
    private var ended = false

    init(_ choices: inout FuzzInput) {
        let count = choices.below(5)
        let asked = (0..<count).map { Manifest.Query(id: "q\($0)", image: "queries/\($0).jpg") }
        var manifest = Manifest(
            labels: ["a", "b"].map { Manifest.Label(name: $0, support: ["support/\($0).jpg"]) }, queries: .list(asked))
        manifest.options.transductive = choices.bool()
        if choices.below(4) == 0 {
            let labels = ["a", "b"].map { label in Manifest.Label(name: label, support: (0..<count).map { "\(label)/\($0).jpg" }) }
            manifest = Manifest(labels: labels, queries: .list([]), training: .init(name: "m"))
        }
        isTraining = manifest.task == .train
        queries = manifest.work
        let unanswered = queries.indices.filter { _ in choices.below(4) > 0 }
        open = manifest.options.transductive && !unanswered.isEmpty ? Set(queries.indices) : Set(unanswered)
        run = JobRun(manifest: manifest, unanswered: unanswered, known: choices.bool() ? Self.linked(0) : nil)
    }

    mutating func step(_ choices: inout FuzzInput) throws {
        let worker = choices.below(3)
        switch choices.below(12) {
        case 0, 1, 2: try assign(to: worker, size: 1 + choices.below(4))
        case 3: try follow(run.handle(.died(cause: "x"), from: worker))
        case 4: if choices.below(8) == 0 { try follow(run.stop(choices.pick([.requeue, .hold, .cancel]))) }
        case 5: if choices.below(8) == 0 { try follow(run.abandon()) }
        case 6: try follow(run.handle(.replied(.began(ordinals: (0..<choices.below(4)).map { _ in ordinal(&choices) })), from: worker))
        case 7, 8: try follow(run.handle(.replied(.verdicts((0..<choices.below(4)).map { _ in verdict(&choices) })), from: worker))
        case 9: try follow(run.handle(.replied(.linked(Self.linked(choices.below(8) == 0 ? 1 : 0))), from: worker))
        case 10: try follow(run.handle(.replied(.finished), from: worker))
        default: try follow(run.handle(.replied(Self.rareReply(&choices)), from: worker))
        }
        if !run.workers.contains(worker) { assigned[worker] = nil }
    }

    private mutating func assign(to worker: Int, size: Int) throws {
        guard !run.workers.contains(worker), let assignment = run.assign(to: worker, size: size) else { return }
        try require(!ended, "a run that has ended assigns nothing")
        let ordinals = Set(assignment.ordinals)
        try require(ordinals.count == assignment.ordinals.count && ordinals.isSubset(of: open), "queries of the job, each once")
        try require(ordinals.isDisjoint(with: answered), "no query that has a verdict")
        for other in run.workers where other != worker { try require(assigned[other, default: []].isDisjoint(with: ordinals), "one worker for a query") }
        assigned[worker] = ordinals
    }

    private mutating func follow(_ actions: [JobRun.Action]) throws {
        for action in actions {
            try require(!ended, "nothing follows a run's end")
            switch action {
            case .checkpoint(let verdicts):
                for place in verdicts {
                    try require(open.contains(place.ordinal) && answered.insert(place.ordinal).inserted, "one verdict for an open query")
                    let query = queries[place.ordinal]
                    try require(place.verdict.id == query.id && place.verdict.image == query.image, "a verdict on its query")
                    let isAnswer = isTraining ? place.verdict.answer == nil : (place.verdict.answer == nil) != (place.verdict.error == nil)
                    try require(isAnswer, "an answer or an error")
                    _ = try CanonicalJSON.encode(place.verdict)
                }
            case .end(let ending):
                ended = true
                try require(run.workers.isEmpty, "no worker is left at a run's end")
                if case .complete = ending { try require(answered == open && !isTraining, "a run is complete when every query has a verdict") }
                if case .trained = ending { try require(answered == open && isTraining, "a training has learned when every picture has a verdict") }
            case .settle:
                try require(answered == open && isTraining, "every picture has a verdict")
                run.settled()
            case .keep(let worker, let name, let bytes):
                try require(!bytes.isEmpty && name.rawValue != "features", "an entry of its own")
                try require(run.isFitting(worker), "by who learns")
                _ = run.kept(by: worker, pausing: bytes.count % 2 == 0)
            case .release, .kill: break
            }
        }
    }

    // MARK: What workers may say

    private func ordinal(_ choices: inout FuzzInput) -> Int { choices.pick([0, 1, 2, 3, 4, 5, -1, .max, .min]) }

    private func verdict(_ choices: inout FuzzInput) -> Numbered<Verdict> {
        let ordinal = ordinal(&choices)
        var query = queries.indices.contains(ordinal) ? queries[ordinal] : Manifest.Query(id: "?", image: "?")
        if choices.below(8) == 0 { query = Manifest.Query(id: "q0", image: choices.pick(["queries/0.jpg", "/etc/passwd"])) }
        let outcome: Result<Answer, Failure> =
            choices.below(4) == 0
            ? .failure(Failure(.imageCorrupt, "x"))
            : .success(
                Answer(
                    label: choices.pick(["a", "b", "a", "c"]), confidence: choices.pick([0.5, 1, 0, -1, 1e300]), unknown: choices.bool(),
                    margin: choices.pick([0, 1, 1e300]), scores: [], nearest: []))
        var verdict = Verdict(id: query.id, image: query.image, sha256: nil, outcome: outcome)
        if choices.below(16) == 0 { (verdict.answer, verdict.error) = (nil, nil) }
        return Numbered(ordinal: ordinal, value: verdict)
    }

    private static func linked(_ seed: Int) -> Linked {
        Linked(
            support: SupportReport(images: 2 + seed, leaveOneOutAccuracy: nil, suspects: [], skipped: []),
            model: .init(name: "default", sha256: ""), method: .metric)
    }

    private static func rareReply(_ choices: inout FuzzInput) -> WorkerReply {
        let names = ["a", "link.gguf", "features", "../x"]
        switch choices.below(8) {
        case 0: return .failed(Failure(.supportEmpty, "x"))
        case 1: return .ready(engine: "x", confinement: Confinement())
        case 2: return .paused
        case 3: return .learning(share: choices.pick([0, 1, -1, .nan, .infinity]))
        case 4: return .learned(TrainingReport(validation: .init(episodes: 1, accuracy: choices.pick([0, 1, 2]), baseAccuracy: nil, plainAccuracy: 0), curve: nil))
        case 5:
            let ordinal = choices.below(10), features: Data? = choices.bool() ? Data(count: choices.pick([0, 3, 4, 8])) : nil
            let verdict = Verdict(id: "a/\(ordinal).jpg", image: "a/\(ordinal).jpg", sha256: nil, error: choices.bool() ? Failure(.imageCorrupt, "x") : nil)
            return .encoded([Numbered(ordinal: ordinal, value: EncodedPicture(verdict: verdict, features: features))])
        default: return .part(WorkerPart(name: choices.pick(names), total: choices.pick([0, 1, 2, .max]), bytes: Data(count: choices.below(3))))
        }
    }
}
