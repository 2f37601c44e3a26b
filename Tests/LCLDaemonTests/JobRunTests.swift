// SPDX-License-Identifier: Apache-2.0
import LCLDaemon
import LCLJob
import LCLWorker
import Testing

struct JobRunTests {
    static let linked = Linked(
        support: SupportReport(images: 2, leaveOneOutAccuracy: nil, suspects: [], skipped: []), model: .init(name: "default", sha256: "00"), method: .metric)

    static func run(queries: Int, unanswered: [Int]? = nil, transductive: Bool = false, known: Linked? = nil) -> JobRun {
        var manifest = Manifest(
            labels: [.init(name: "a", support: ["a.png"]), .init(name: "b", support: ["b.png"])],
            queries: .list((0..<queries).map { .init(id: "q\($0)", image: "\($0).png") }))
        manifest.options.transductive = transductive
        return JobRun(manifest: manifest, unanswered: unanswered ?? Array(0..<queries), known: known)
    }

    static func verdict(_ ordinal: Int) -> Verdict {
        let answer = Answer(label: "a", confidence: 1, unknown: false, margin: 1, scores: [], nearest: [])
        return Verdict(id: "q\(ordinal)", image: "\(ordinal).png", sha256: "11", outcome: .success(answer))
    }

    private static func reply(_ ordinals: [Int]) -> JobRun.Event {
        .replied(.verdicts(ordinals.map { Numbered(ordinal: $0, value: verdict($0)) }))
    }

    private static func kept(_ ordinals: [Int]) -> JobRun.Action { .checkpoint(ordinals.map { .init($0, verdict($0)) }) }

    @Test func run_completes_whenTwoWorkersAnsweredAll() {
        var run = Self.run(queries: 3)
        #expect(run.assign(to: 1, size: 2)?.ordinals == [0, 1])
        #expect(run.assign(to: 2, size: 2)?.ordinals == [2])
        #expect(run.assign(to: 3, size: 2) == nil)
        #expect(run.handle(.replied(.linked(Self.linked)), from: 1) == [])
        #expect(run.handle(Self.reply([0, 1]), from: 1) == [Self.kept([0, 1])])
        #expect(run.handle(.replied(.finished), from: 1) == [.release(1)])
        #expect(run.handle(.replied(.linked(Self.linked)), from: 2) == [])
        #expect(run.handle(Self.reply([2]), from: 2) == [Self.kept([2])])
        #expect(run.handle(.replied(.finished), from: 2) == [.release(2), .end(.complete(Self.linked))])
    }

    @Test func run_asksOnlyForTheSupports_whenAllWasAnsweredBefore() {
        var run = Self.run(queries: 2, unanswered: [])
        #expect(run.assign(to: 1, size: 8)?.ordinals == [])
        _ = run.handle(.replied(.linked(Self.linked)), from: 1)
        #expect(run.handle(.replied(.finished), from: 1) == [.release(1), .end(.complete(Self.linked))])
    }

    @Test func run_skipsAnsweredQueries_afterARestart() {
        var run = Self.run(queries: 4, unanswered: [3, 1])
        #expect(run.answered == 2)
        #expect(run.assign(to: 1, size: 8)?.ordinals == [1, 3])
    }

    @Test func suspects_areTriedAlone_afterADeath() {
        var run = Self.run(queries: 4)
        _ = run.assign(to: 1, size: 4)
        _ = run.handle(.replied(.began(ordinals: [0, 1])), from: 1)
        #expect(run.handle(.died(cause: "signal 11"), from: 1) == [])
        #expect(run.assign(to: 2, size: 4) == .init(ordinals: [0], batch: 1))
        #expect(run.assign(to: 3, size: 4) == .init(ordinals: [1], batch: 1))
        #expect(run.assign(to: 4, size: 4)?.ordinals == [2, 3])
    }

    @Test func poison_isAnsweredAsCrashed_afterASecondDeathAlone() {
        var run = Self.run(queries: 2)
        _ = run.assign(to: 1, size: 2)
        _ = run.handle(.replied(.linked(Self.linked)), from: 1)
        _ = run.handle(.replied(.began(ordinals: [0, 1])), from: 1)
        _ = run.handle(.died(cause: "signal 11"), from: 1)
        _ = run.assign(to: 2, size: 2)
        _ = run.handle(.replied(.began(ordinals: [0])), from: 2)
        let actions = run.handle(.died(cause: "signal 11"), from: 2)
        guard case .checkpoint(let verdicts)? = actions.first, actions.count == 1 else { Issue.record("\(actions)"); return }
        #expect(verdicts.map(\.ordinal) == [0])
        #expect(verdicts[0].verdict.error?.code == .imageCrashed)
        #expect(run.assign(to: 3, size: 2)?.ordinals == [1])
        _ = run.handle(Self.reply([1]), from: 3)
        #expect(run.handle(.replied(.finished), from: 3).last == .end(.complete(Self.linked)))
    }

    @Test func poison_costsNoAttempt_inATransductiveJob() {
        var run = Self.run(queries: 3, transductive: true)
        #expect(run.assign(to: 1, size: 1)?.ordinals == [0, 1, 2])
        #expect(run.assign(to: 2, size: 1) == nil)
        _ = run.handle(.replied(.began(ordinals: [0, 1, 2])), from: 1)
        #expect(run.handle(.died(cause: "signal 9"), from: 1) == [])
        #expect(run.assign(to: 2, size: 1) == .init(ordinals: [0, 1, 2], batch: 1))
        _ = run.handle(.replied(.began(ordinals: [1])), from: 2)
        #expect(run.handle(.died(cause: "signal 9"), from: 2).count == 1)
        #expect(run.assign(to: 3, size: 1) == .init(ordinals: [0, 2], batch: 1))
    }

    @Test func attempt_isLost_whenAWorkerDiesOverTheSupports() {
        var run = Self.run(queries: 40)
        _ = run.assign(to: 1, size: 32)
        _ = run.assign(to: 2, size: 32)
        #expect(run.handle(.died(cause: "signal 9"), from: 1) == [.kill(2), .end(.crashed(evidence: ["signal 9, at the supports"]))])
        #expect(run.handle(Self.reply([1]), from: 2) == [])
    }

    @Test func run_ends_whenEveryPictureIsPoison() {
        var run = Self.run(queries: 1000), deaths = 0
        while deaths <= JobRun.maximumDeaths, let assignment = run.assign(to: deaths, size: 32) {
            _ = run.handle(.replied(.began(ordinals: assignment.ordinals)), from: deaths)
            _ = run.handle(.died(cause: "signal 11"), from: deaths)
            deaths += 1
        }
        #expect(deaths == JobRun.maximumDeaths)
    }

    @Test func failure_endsTheRunForAllWorkers() {
        var run = Self.run(queries: 64)
        _ = run.assign(to: 1, size: 32)
        _ = run.assign(to: 2, size: 32)
        let failure = Failure(.supportConflict, "two labels")
        #expect(run.handle(.replied(.failed(failure)), from: 1) == [.release(1), .kill(2), .end(.failed(failure))])
        #expect(run.open == 0)
    }

    @Test func requeue_waitsForTheBatch_andKeepsItsVerdicts() {
        var run = Self.run(queries: 64)
        _ = run.assign(to: 1, size: 32)
        _ = run.assign(to: 2, size: 32)
        _ = run.handle(.replied(.began(ordinals: [0, 1])), from: 1)
        #expect(run.stop(.requeue) == [.kill(2)])
        #expect(run.assign(to: 3, size: 8) == nil)
        #expect(run.handle(Self.reply([0, 1]), from: 1) == [Self.kept([0, 1]), .kill(1), .end(.stopped(.requeue))])
    }

    @Test func cancel_killsAtOnce_andNothingLaterCounts() {
        var run = Self.run(queries: 64)
        _ = run.assign(to: 1, size: 32)
        _ = run.handle(.replied(.began(ordinals: [0, 1])), from: 1)
        #expect(run.stop(.cancel) == [.kill(1), .end(.stopped(.cancel))])
        #expect(run.stop(.hold) == [])
        #expect(run.abandon() == [])
        #expect(run.handle(Self.reply([0]), from: 1) == [])
    }

    @Test func run_startsOver_whenTheModelChangedMeanwhile() {
        var run = Self.run(queries: 64), other = Self.linked
        _ = run.assign(to: 1, size: 32)
        _ = run.assign(to: 2, size: 32)
        _ = run.handle(.replied(.linked(Self.linked)), from: 1)
        other.model.sha256 = "01"
        #expect(run.handle(.replied(.linked(other)), from: 2) == [.kill(1), .kill(2), .end(.modelChanged)])
    }

    @Test func run_startsOver_whenTheModelChangedSinceAnEarlierRun() {
        for unanswered in [[1], []] {
            var other = Self.linked
            other.method = .prototype
            var run = Self.run(queries: 2, unanswered: unanswered, known: other)
            #expect(run.assign(to: 1, size: 2)?.ordinals == unanswered)
            #expect(run.handle(.replied(.linked(Self.linked)), from: 1) == [.kill(1), .end(.modelChanged)])
        }
    }

    @Test func run_goesOn_whenTheModelIsThatOfTheEarlierRun() {
        var run = Self.run(queries: 2, unanswered: [], known: Self.linked)
        #expect(run.assign(to: 1, size: 8)?.ordinals == [])
        #expect(run.handle(.replied(.linked(Self.linked)), from: 1) == [])
        #expect(run.handle(.replied(.finished), from: 1) == [.release(1), .end(.complete(Self.linked))])
    }

    @Test func run_givesItsAttemptBackAtOnce_whenNoWorkerHadAnyOfIt() {
        var run = Self.run(queries: 2)
        #expect(!run.hasBegun)
        #expect(run.stop(.requeue) == [.end(.stopped(.requeue))])
        var begun = Self.run(queries: 2)
        _ = begun.assign(to: 1, size: 2)
        #expect(begun.hasBegun)
    }

    @Test func verdicts_ofOtherQueries_areNotBelieved() {
        var run = Self.run(queries: 4)
        _ = run.assign(to: 1, size: 2)
        #expect(run.handle(Self.reply([3, 99]), from: 1) == [])
        #expect(run.answered == 0)
    }

    @Test func worker_isKilled_whenItSaysReadyWithASlice() {
        var run = Self.run(queries: 1)
        _ = run.assign(to: 1, size: 1)
        _ = run.handle(.replied(.began(ordinals: [0])), from: 1)
        #expect(run.handle(.replied(.ready(engine: "lcl", confinement: Confinement())), from: 1) == [.kill(1)])
        #expect(run.assign(to: 2, size: 1)?.ordinals == [0])
    }

    @Test func worker_isKilled_whenItsVerdictIsOnAnotherPicture() {
        let answer = Answer(label: "neither a nor b", confidence: 1, unknown: false, margin: 1, scores: [], nearest: [])
        let neither = Verdict(id: "q0", image: "0.png", sha256: nil, outcome: .success(answer))
        for verdict in [Self.verdict(1), neither] {
            var run = Self.run(queries: 2)
            _ = run.assign(to: 1, size: 2)
            _ = run.handle(.replied(.began(ordinals: [0, 1])), from: 1)
            #expect(run.handle(.replied(.verdicts([Numbered(ordinal: 0, value: verdict)])), from: 1) == [.kill(1)])
            #expect(run.answered == 0)
        }
    }

    @Test func verdict_countsOnce_whenItIsSaidTwice() {
        var run = Self.run(queries: 2)
        _ = run.assign(to: 1, size: 2)
        #expect(run.handle(Self.reply([0, 0]), from: 1) == [Self.kept([0])])
    }

    @Test func suspect_isTriedOnce_whenItWasBegunTwice() {
        var run = Self.run(queries: 2)
        _ = run.assign(to: 1, size: 2)
        _ = run.handle(.replied(.began(ordinals: [0, 0])), from: 1)
        _ = run.handle(.died(cause: "signal 11"), from: 1)
        #expect(run.assign(to: 2, size: 2)?.ordinals == [0])
        #expect(run.assign(to: 3, size: 2)?.ordinals == [1])
    }

    @Test func attempt_isLost_whenAWorkerDiesForWantOfMemory_andTheNextGoesGently() {
        var run = Self.run(queries: 4)
        _ = run.assign(to: 1, size: 4)
        _ = run.handle(.replied(.began(ordinals: [0, 1])), from: 1)
        #expect(run.handle(.died(cause: "signal 9", .memory), from: 1) == [.end(.crashed(evidence: ["signal 9, at queries q0, q1"]))])
        var gently = JobRun(
            manifest: Manifest(
                labels: [.init(name: "a", support: ["a.png"]), .init(name: "b", support: ["b.png"])], queries: .list([.init(id: "q0", image: "0.png")])),
            unanswered: [0], gently: true)
        #expect(gently.assign(to: 1, size: 4) == .init(ordinals: [0], batch: 1))
        _ = gently.handle(.replied(.began(ordinals: [0])), from: 1)
        #expect(gently.handle(.died(cause: "signal 9", .memory), from: 1) == [])
    }

    @Test(arguments: [JobRun.Death.model, .unserved]) func noPictureIsBlamed_whenItWasNotThePicture(death: JobRun.Death) {
        var run = Self.run(queries: 2)
        _ = run.assign(to: 1, size: 1)
        _ = run.handle(.replied(.linked(Self.linked)), from: 1)
        _ = run.handle(.replied(.began(ordinals: [0])), from: 1)
        #expect(run.handle(.died(cause: "a cause", death), from: 1) == [.end(.crashed(evidence: ["a cause"]))])
    }

    @Test func worker_isKilled_whenItTalksWithoutEnd() {
        var run = Self.run(queries: 1)
        _ = run.assign(to: 1, size: 1)
        let replies = (0..<21_000).map { _ in run.handle(.replied(.began(ordinals: [])), from: 1) }
        #expect(replies.prefix(20_000).allSatisfy { $0.isEmpty })
        #expect(replies.contains { $0.first == .kill(1) })
        var restless = Self.run(queries: 2)
        _ = restless.assign(to: 1, size: 2)
        let others = (0..<200).map { restless.handle(.replied(.began(ordinals: [$0 % 2])), from: 1) }
        #expect(others.contains { $0.first == .kill(1) })
    }

    @Test func anotherWorker_getsAllOfIt_whereOneIsOlderThanTheModel() {
        var run = Self.run(queries: 3)
        #expect(run.assign(to: 1, size: 3)?.ordinals == [0, 1, 2])
        #expect(run.handle(.died(cause: "gone", .outdated), from: 1) == [])
        #expect(run.assign(to: 2, size: 3)?.ordinals == [0, 1, 2])
        var lies = 1
        while run.handle(.died(cause: "gone", .outdated), from: 2) == [] {
            lies += 1
            _ = run.assign(to: 2, size: 3)
        }
        #expect(lies == 256)
    }

    @Test func run_isHeld_thoughTheDaemonStopsMeanwhile() {
        var run = Self.run(queries: 2)
        #expect(run.assign(to: 1, size: 2)?.ordinals == [0, 1])
        #expect(run.handle(.replied(.linked(Self.linked)), from: 1) == [])
        _ = run.handle(.replied(.began(ordinals: [0])), from: 1)
        #expect(run.stop(.hold) == [])
        #expect(run.stop(.requeue) == [])
        #expect(run.handle(.died(cause: "gone", .crash), from: 1) == [.end(.stopped(.hold))])
    }
}
