// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLControl
import LCLJob
import LCLText

/// What `lclctl list` and `lclctl show` print.
package enum JobText {
    package static func list(_ jobs: [JobSummary], now: Date, colour: Bool) -> String {
        guard !jobs.isEmpty else { return "no jobs\n" }
        var table = Table([
            .init("JOB"), .init("STATE"), .init("ANSWERED", right: true), .init("FAILED", right: true), .init("PRIO", right: true),
            .init("USER", maximum: 16), .init("CREATED"), .init("TOOK", right: true), .init("NAME", maximum: 40),
        ])
        for job in jobs {
            table.add([
                .init(job.id.rawValue), Wording.state(job), "\(job.answered)/\(job.queries)",
                .init(job.failed == 0 ? "" : "\(job.failed)", .bad), "\(job.priority)", .init(Wording.user(job.uid)),
                .init(Wording.time(job.created)), .init(took(job, now: now)), .init(job.name ?? job.failure.map(\.code.rawValue) ?? ""),
            ])
        }
        return table.text(colour: colour)
    }

    package static func detail(_ detail: JobDetail, now: Date, colour: Bool) -> String {
        let fields = life(detail.summary, isTraining: detail.training != nil, now: now) + description(detail)
        var lines = fields.filter { !$0.1.isEmpty }.map { ($0.0, Terminal.escape($0.1)) }
        let problems = detail.problems.isEmpty ? [detail.summary.failure].compactMap { $0 } : detail.problems
        lines += problems.map { ("problem", Colour.bad.paint(Terminal.escape($0.description), colour)) }
        return lines.map { $0.0.padding(toLength: 10, withPad: " ", startingAt: 0) + $0.1 + "\n" }.joined()
    }

    private static func life(_ job: JobSummary, isTraining: Bool, now: Date) -> [(String, String)] {
        var answered = "\(job.answered) of \(isTraining ? Wording.count(job.queries, "picture") : Wording.count(job.queries, "query", "queries"))"
        if job.failed > 0 { answered += ", \(job.failed) of them failed" }
        return [
            ("job", job.id.rawValue), ("name", job.name ?? ""), ("state", job.state.rawValue), ("waiting", job.waiting.map { "\($0.reason.rawValue) \(Wording.since($0, now: now))" } ?? ""), ("user", Wording.user(job.uid)),
            ("priority", "\(job.priority)"), ("answered", answered), ("created", Wording.time(job.created)),
            ("started", job.started.map { Wording.time($0) } ?? ""), ("finished", job.finished.map { Wording.time($0) } ?? ""),
            ("took", took(job, now: now)),
        ]
    }

    private static func description(_ detail: JobDetail) -> [(String, String)] {
        let labels = detail.labels.map { "\($0.name) (\(Wording.count($0.support, detail.training == nil ? "support" : "picture")))" }
        return [
            ("expires", detail.expires.map { Wording.time($0) } ?? ""), ("attempts", "\(detail.attempts)"), ("model", detail.model),
            ("method", detail.training != nil ? "" : detail.method.rawValue + (detail.transductive ? ", transductive" : "")),
            ("makes", detail.training.map { "the model \($0.name), by \($0.strategy.rawValue)" + ($0.shared ? ", for everybody" : "") } ?? ""), ("seed", "\(detail.seed)"),
            ("labels", labels.joined(separator: ", ")), ("directory", detail.directory),
        ]
    }

    private static func took(_ job: JobSummary, now: Date) -> String {
        job.started.map { Wording.duration((job.finished ?? now).timeIntervalSince($0)) } ?? ""
    }
}
