// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import Testing

struct JobIDTests {
    @Test(arguments: ["a", "beetles", "A.b_c-9", String(repeating: "x", count: 64)])
    func id_isTaken_asItIs(name: String) { #expect(JobID(name)?.rawValue == name) }

    @Test(arguments: ["", ".", "..", ".hidden", "-x", "a/b", "a b", "ä", "a\n", String(repeating: "x", count: 65)])
    func id_isRefused_whenItIsNoSafeName(name: String) { #expect(JobID(name) == nil) }

    @Test(arguments: [("", "job"), ("..", "job"), ("a b/c", "a-b-c"), (".x", "x"), ("ä", "job"), (String(repeating: "y", count: 99), String(repeating: "y", count: 64))])
    func slug_isAlwaysAValidId(name: String, expected: String) {
        #expect(JobID(slug: name).rawValue == expected)
        #expect(JobID(JobID(slug: name).rawValue) != nil)
    }

    @Test func numbered_staysWithinTheLength() {
        #expect(JobID("beetles")?.numbered(2).rawValue == "beetles-2")
        #expect(JobID(slug: String(repeating: "y", count: 64)).numbered(12).rawValue.utf8.count == 64)
    }
}

struct JobStateTests {
    @Test func transitions_neverLeaveAFinalState_exceptByRetry() {
        for state in JobState.allCases where state.isFinal {
            for event in JobEvent.allCases where event != .retry { #expect(state.applying(event) == nil) }
        }
        #expect(JobState.done.applying(.retry) == nil)
        #expect(JobState.dead.applying(.retry) == .queued)
    }

    @Test func transitions_reachEveryState_fromQueued() {
        var reached: Set<JobState> = [.queued], frontier = [JobState.queued]
        while let state = frontier.popLast() {
            for next in JobEvent.allCases.compactMap(state.applying) where reached.insert(next).inserted { frontier.append(next) }
        }
        #expect(reached == Set(JobState.allCases))
    }
}

struct SpanTests {
    @Test(arguments: [("90s", 90), ("30m", 1800), ("24h", 86_400), ("7d", 604_800)])
    func span_isReadInSeconds(text: String, seconds: Int) { #expect(Span.seconds(text) == seconds) }

    @Test(arguments: ["", "s", "0s", "-1h", "1w", "99999999999999999999d", "10001d", "1.5h"])
    func span_isRefused_whenItIsNone(text: String) { #expect(Span.seconds(text) == nil) }
}

struct JobResultTests {
    private func verdict(_ id: String, _ label: String?, unknown: Bool = false) -> Verdict {
        Verdict(id: id, image: id, sha256: nil, outcome: label.map {
            .success(Answer(label: $0, confidence: 0.9, unknown: unknown, margin: 0.1, scores: [], nearest: []))
        } ?? .failure(Failure(.imageEmpty, "empty")))
    }

    private func result(_ verdicts: [Verdict], expected: [String?]) -> JobResult {
        JobResult(
            job: "j", name: nil, engine: "1", model: .init(name: "m", sha256: "0"), method: .metric, seed: 1, transductive: false,
            labels: ["a", "b"], support: SupportReport(images: 2, leaveOneOutAccuracy: nil, suspects: [], skipped: []),
            queries: verdicts, expected: expected)
    }

    @Test func counts_andConfusion_tellAnsweredUnknownAndFailedApart() throws {
        let result = result(
            [verdict("1", "a"), verdict("2", "b"), verdict("3", "b", unknown: true), verdict("4", nil), verdict("5", "a", unknown: true)],
            expected: ["a", "a", "neither", "b", nil])
        #expect(result.counts == .init([verdict("1", "a"), verdict("2", "b"), verdict("3", "b", unknown: true), verdict("4", nil), verdict("5", "a", unknown: true)]))
        #expect(result.counts.answered == 2 && result.counts.unknown == 2 && result.counts.failed == 1)
        let evaluation = try #require(result.evaluation)
        #expect(evaluation.expected == 4 && evaluation.correct == 2 && evaluation.accuracy == 0.5)
        #expect(evaluation.confusion == ["a": ["a": 1, "b": 1], "neither": ["?": 1], "b": ["!": 1]])
    }

    @Test func evaluation_isAbsent_whenNothingWasExpected() {
        #expect(result([verdict("1", "a")], expected: [nil]).evaluation == nil)
    }

    @Test func json_isTheSameBytes_forTheSameResult() throws {
        let first = result([verdict("1", "a")], expected: ["a"])
        let bytes = try CanonicalJSON.encode(first, pretty: true)
        #expect(try CanonicalJSON.encode(CanonicalJSON.decode(JobResult.self, from: bytes), pretty: true) == bytes)
    }
}

@Test func result_isTheSameBytes_madeWholeOrAnswerByAnswer() throws {
    let answer = Answer(label: "c\u{E9}", confidence: 1, unknown: false, margin: 1, scores: [.init(label: "c\n\"", logit: 1, probability: 0.5)], nearest: [])
    let verdicts = [
        Verdict(id: "  \"queries\" : [", image: "a/b.png", sha256: "00", outcome: .success(answer)),
        Verdict(id: "2", image: "b.png", sha256: nil, outcome: .failure(Failure(.imageMissing, "gone"))),
    ]
    for count in 0...2 {
        let result = JobResult(
            job: "job", name: "n", engine: "lcl", model: .init(name: "default", sha256: "00"), method: .metric, seed: 1, transductive: false, labels: ["c"],
            support: .init(images: 1, leaveOneOutAccuracy: nil, suspects: [], skipped: []), queries: Array(verdicts.prefix(count)),
            expected: Array(repeating: "c", count: count))
        #expect(try result.encoded() == CanonicalJSON.encode(result, pretty: true))
    }
}
