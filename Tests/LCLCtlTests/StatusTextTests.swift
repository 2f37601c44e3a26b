// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLControl
import LCLJob
import Testing
import lclctl

private let start = Date(timeIntervalSince1970: 1_800_000_000)

@Test func status_isReadable() {
    let status = DaemonStatus(
        version: "0.1.0", pid: 42, started: start, mode: .paused,
        workers: [.init(pid: 7, state: .busy, job: JobID(slug: "j")), .init(pid: 8, state: .idle, job: nil)],
        jobs: ["done": 3, "queued": 12, "held": 0], answered: 1, rate: 85.2, models: ["default"], spool: "/s\u{1B}", free: 1 << 31)
    #expect(StatusText.text(status, now: start + 245, colour: false) == """
        lcld      0.1.0, paused (no job is started; `lclctl resume` ends it), pid 42, up 4 min 05 s
        jobs      12 queued, 3 done
        answered  1 query since its start, 85/s in the last minute
        models    default
        spool     /s\\u{1B}, 2.0 GiB free
        workers   2, 1 busy

        WORKER  STATE  JOB
             7  busy   j
             8  idle

        """)
}

@Test func list_showsHowFarJobsAre() {
    var job = JobSummary(
        id: JobID(slug: "j"), name: "a\nname", state: .running, uid: 4_000_000_000, priority: -5, created: start, started: start,
        queries: 10, answered: 4, failed: 1)
    let line = JobText.list([job], now: start + 2, colour: false).split(separator: "\n").last ?? ""
    let words = line.split(separator: " ").map(String.init)
    #expect(words.prefix(6) == ["j", "running", "4/10", "1", "-5", "4000000000"])
    #expect(line.hasSuffix("2.0 s  a\\u{A}name"))
    job.finished = start + 1
    #expect(JobText.list([job], now: start + 9, colour: false).contains("1.0 s"))
    #expect(JobText.list([], now: start, colour: false) == "no jobs\n")
}

@Test func detail_tellsEveryProblem() {
    let summary = JobSummary(
        id: JobID(slug: "j"), name: nil, state: .failed, uid: 0, priority: 0, created: start, queries: 0, answered: 0, failed: 0,
        failure: Failure(.queriesEmpty, "none"))
    var detail = JobDetail(
        summary: summary, model: "default", method: .link, labels: [.init(name: "cat", support: 1)], transductive: true, seed: 1, attempts: 0,
        expires: nil, directory: "/d", problems: [Failure(.queriesEmpty, "none"), Failure(.supportEmpty, "x\u{1B}")])
    let text = JobText.detail(detail, now: start, colour: false)
    #expect(text.contains("problem   queries.empty: none\nproblem   support.empty: x\\u{1B}\n"))
    #expect(text.contains("labels    cat (1 support)\n") && text.contains("method    link, transductive\n"))
    detail.problems = []
    #expect(JobText.detail(detail, now: start, colour: false).hasSuffix("problem   queries.empty: none\n"))
}
