// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDaemon
import LCLJob
import LCLWorker
import Testing

/// A run of the task `train`: pictures are encoded like queries are answered, and one worker learns.
struct TrainingRunTests {
    private static let linked = Linked(
        support: SupportReport(images: 0, leaveOneOutAccuracy: nil, suspects: [], skipped: []), model: .init(name: "default", sha256: "00"), method: .metric)
    private static let report = TrainingReport(validation: .init(episodes: 1, accuracy: 0.5, baseAccuracy: nil, plainAccuracy: 0.5), curve: nil)

    private static func run(unanswered: [Int]? = nil, known: Linked? = nil, unusable: [Int] = [], kept: Set<JobID> = []) -> JobRun {
        let manifest = Manifest(
            labels: [.init(name: "a", support: ["0.png", "1.png"]), .init(name: "b", support: ["2.png"])], queries: .list([]), training: .init(name: "m"))
        return JobRun(manifest: manifest, unanswered: unanswered ?? [0, 1, 2], known: known, unusable: unusable, kept: kept)
    }

    private static func encoded(_ ordinal: Int, _ features: [Float]? = [1, 2]) -> Numbered<EncodedPicture> {
        let verdict = Verdict(id: "\(ordinal).png", image: "\(ordinal).png", sha256: "11", error: features == nil ? Failure(.imageEmpty, "empty") : nil)
        return Numbered(ordinal: ordinal, value: EncodedPicture(verdict: verdict, features: features.map { $0.withUnsafeBytes { Data($0) } }))
    }

    private static func part(_ name: String, _ text: String, total: Int? = nil) -> JobRun.Event {
        .replied(.part(WorkerPart(name: name, total: total ?? text.utf8.count, bytes: Data(text.utf8))))
    }

    /// A run whose pictures are encoded, with worker 7 learning.
    private static func fitting() -> JobRun {
        var run = run(unanswered: [])
        _ = run.assign(to: 7, size: 8)
        _ = run.handle(.replied(.linked(linked)), from: 7)
        return run
    }

    private func isDistrusted(_ actions: [JobRun.Action]) -> Bool {
        guard actions.count == 2, actions[0] == .kill(7), case .end(.crashed) = actions[1] else { return false }
        return true
    }

    @Test func learning_begins_onceAllFeaturesAreDurable() {
        var run = Self.run()
        #expect(run.assign(to: 1, size: 8)?.ordinals == [0, 1, 2])
        _ = run.handle(.replied(.linked(Self.linked)), from: 1)
        let actions = run.handle(.replied(.encoded([Self.encoded(0), Self.encoded(1, nil)])), from: 1)
        guard case .checkpoint(let kept)? = actions.first else { Issue.record("\(actions)"); return }
        #expect(kept.map(\.ordinal) == [0, 1])
        #expect(kept.map { $0.features?.count } == [8, nil])
        _ = run.handle(.replied(.encoded([Self.encoded(2)])), from: 1)
        #expect(run.handle(.replied(.finished), from: 1) == [.release(1), .settle])
        #expect(run.open == 0)
        #expect(run.learned == nil)
        run.settled()
        #expect(run.open == 1)
        #expect(run.unusable == [1])
        #expect(run.assign(to: 2, size: 8)?.ordinals == [])
        #expect(run.isFitting(2))
        #expect(run.open == 0, "one worker learns")
    }

    @Test func learning_isGoneOnWith_whereEveryPictureHasItsRow() {
        var run = Self.run(unanswered: [], known: Self.linked, unusable: [2])
        #expect(run.open == 1)
        #expect(run.assign(to: 1, size: 8)?.ordinals == [])
        #expect(run.unusable == [2])
        #expect(run.handle(.replied(.linked(Self.linked)), from: 1) == [])
    }

    @Test func entry_isKept_andTheWorkerWaitsForAWord() {
        var run = Self.fitting()
        #expect(run.handle(Self.part("fold-0", "ab", total: 4), from: 7) == [])
        #expect(run.handle(Self.part("fold-0", "cd", total: 4), from: 7) == [.keep(7, name: JobID("fold-0")!, Data("abcd".utf8))])
        let waited = run.kept(by: 7, pausing: true), again = run.kept(by: 7, pausing: true)
        #expect(waited && !again, "it waits once")
        #expect(run.handle(.replied(.learning(share: 0.25)), from: 7) == [])
        #expect(run.learned == 0.25)
        #expect(run.handle(.replied(.paused), from: 7) == [.release(7)])
        #expect(run.open == 1, "another goes on")
    }

    @Test func worker_isDistrusted_whenItHasFilesKeptWithoutEnd() {
        var run = Self.fitting(), kept = 0
        while kept < 1000, !isDistrusted(run.handle(Self.part("entry-\(kept)", "a"), from: 7)) {
            let waited = run.kept(by: 7, pausing: false)
            #expect(waited)
            kept += 1
        }
        #expect(kept == 128)
        // Those of earlier runs count.
        var next = Self.run(unanswered: [], kept: Set((0..<128).map { JobID("entry-\($0)")! }))
        #expect(next.assign(to: 7, size: 1) != nil)
        #expect(next.handle(Self.part("entry-5", "a"), from: 7) == [.keep(7, name: JobID("entry-5")!, Data("a".utf8))])
        _ = next.kept(by: 7, pausing: false)
        #expect(isDistrusted(next.handle(Self.part("entry-128", "a"), from: 7)))
    }

    @Test func run_ends_withTheLinkFileAndItsReport() {
        var run = Self.fitting()
        #expect(run.handle(Self.part("link.gguf", "link"), from: 7) == [])
        #expect(run.handle(.replied(.learned(Self.report)), from: 7) == [])
        #expect(run.handle(.replied(.finished), from: 7) == [.release(7), .end(.trained(Self.linked, Self.report, link: Data("link".utf8)))])
    }

    @Test func death_whileLearning_costsTheAttempt_andBlamesNoPicture() {
        var run = Self.fitting()
        #expect(run.handle(.died(cause: "signal 9"), from: 7) == [.end(.crashed(evidence: ["signal 9, at the supports"]))])
    }

    @Test func poison_isFoundAlone_amongATrainingsPictures() {
        var run = Self.run()
        _ = run.assign(to: 1, size: 8)
        _ = run.handle(.replied(.began(ordinals: [0, 1])), from: 1)
        #expect(run.handle(.died(cause: "signal 11"), from: 1) == [])
        #expect(run.assign(to: 2, size: 8)?.ordinals == [0])
        _ = run.handle(.replied(.began(ordinals: [0])), from: 2)
        guard case .checkpoint(let verdicts)? = run.handle(.died(cause: "signal 11"), from: 2).first else { Issue.record("no verdict"); return }
        #expect(verdicts.map { $0.verdict.error?.code } == [.imageCrashed])
        #expect(run.unusable == [0])
    }

    @Test func stop_takesTheLearningAway_atOnce() {
        for reason in [JobRun.Stop.requeue, .hold, .cancel] {
            var run = Self.fitting()
            #expect(run.stop(reason) == [.kill(7), .end(.stopped(reason))])
        }
    }

    @Test func nonsense_isAWorkersEnd() {
        let isLate: [JobRun.Event] = [
            Self.part("../x", "a"), Self.part("features", "a"), Self.part("", "a"), Self.part("x", "abc", total: 2), Self.part("x", ""),
            .replied(.part(WorkerPart(name: "x", total: 1 << 40, bytes: Data("a".utf8)))), .replied(.finished), .replied(.verdicts([])),
            .replied(.learned(TrainingReport(validation: .init(episodes: 1, accuracy: 7, baseAccuracy: nil, plainAccuracy: 0), curve: nil))),
        ]
        for event in isLate {
            var run = Self.fitting()
            #expect(isDistrusted(run.handle(event, from: 7)), "\(event)")
        }
        var unasked = Self.fitting()
        _ = unasked.handle(Self.part("x", "a"), from: 7)
        _ = unasked.kept(by: 7, pausing: false)
        #expect(isDistrusted(unasked.handle(.replied(.paused), from: 7)), "it was to go on")
        var waits = Self.fitting()
        _ = waits.handle(Self.part("x", "a"), from: 7)
        #expect(isDistrusted(waits.handle(Self.part("y", "a"), from: 7)), "it was to wait")
        for features in [[Float.nan], [.infinity], []] {
            var run = Self.run()
            _ = run.assign(to: 7, size: 8)
            #expect(isDistrusted(run.handle(.replied(.encoded([Self.encoded(0, features)])), from: 7)))
        }
        var uneven = Self.run()
        _ = uneven.assign(to: 7, size: 8)
        #expect(isDistrusted(uneven.handle(.replied(.encoded([Self.encoded(0), Self.encoded(1, [1])])), from: 7)))
        var early = Self.run()
        _ = early.assign(to: 7, size: 8)
        #expect(isDistrusted(early.handle(Self.part("link.gguf", "x"), from: 7)), "nothing is learned yet")
    }
}
