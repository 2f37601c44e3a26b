// SPDX-License-Identifier: Apache-2.0
import LCLDaemon
import LCLJob
import LCLWorker
import Testing

/// What no honest worker says.
extension JobRunTests {
    @Test func worker_isKilled_whenItsReportIsNoneOnItsSupports() {
        var stranger = Self.linked, long = Self.linked
        stranger.support.suspects = [.init(image: "c.png", label: "a", looksLike: "b", confidence: 1)]
        long.support.skipped = [.init(image: "a.png", label: "a", error: Failure(.imageEmpty, String(repeating: "x", count: 100_000)))]
        var numbers = Self.linked, template = Self.linked, many = Self.linked
        numbers.support.leaveOneOutAccuracy = 1e308
        template.conversation = .init(positions: 1, orders: 1, template: String(repeating: "x", count: 1000))
        many.support.skipped = (0..<3).map { _ in .init(image: "a.png", label: "a", error: Failure(.imageEmpty, "x")) }
        for report in [stranger, long, numbers, template, many] {
            var run = Self.run(queries: 1)
            _ = run.assign(to: 1, size: 1)
            #expect(run.handle(.replied(.linked(report)), from: 1).first == .kill(1))
        }
    }

    @Test func report_isTaken_onASupportThatCountsOnce() {
        var report = Self.linked, run = Self.run(queries: 1)
        report.support.skipped = [.init(image: "a.png", label: "a", error: Failure(.supportDuplicate, "the same picture"))]
        _ = run.assign(to: 1, size: 1)
        #expect(run.handle(.replied(.linked(report)), from: 1) == [])
    }

    /// Of which sums would be none.
    @Test func worker_isKilled_whenItsNumbersAreNone() {
        for edit: (inout Answer) -> Void in [
            { $0.orderSensitivity = 1e308 }, { $0.margin = -1e300 }, { $0.scores = [.init(label: "a", logit: 1e12, probability: 0)] },
            { $0.scores = [.init(label: "a", logit: 0, probability: 2)] }, { $0.nearest = [.init(image: "a.png", label: "a", similarity: 1e10)] },
        ] {
            var run = Self.run(queries: 1), verdict = Self.verdict(0)
            edit(&verdict.answer!)
            _ = run.assign(to: 1, size: 1)
            _ = run.handle(.replied(.linked(Self.linked)), from: 1)
            #expect(run.handle(.replied(.verdicts([Numbered(ordinal: 0, value: verdict)])), from: 1).first == .kill(1))
        }
    }

    @Test func worker_isKilled_whenItSaysTooMuchOfAPicture() {
        for (length, isKilled) in [(500, false), (3_000, true)] {
            var run = Self.run(queries: 1)
            _ = run.assign(to: 1, size: 1)
            _ = run.handle(.replied(.linked(Self.linked)), from: 1)
            let failure = Failure(.imageCorrupt, String(repeating: "x", count: length), subject: "0.png")
            let verdict = Verdict(id: "q0", image: "0.png", sha256: nil, outcome: .failure(failure))
            let actions = run.handle(.replied(.verdicts([Numbered(ordinal: 0, value: verdict)])), from: 1)
            #expect((actions.first == .kill(1)) == isKilled)
        }
    }
}
