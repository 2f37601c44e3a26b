// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLControl
import LCLJob
import LCLText

/// What `lclctl status` prints.
package enum StatusText {
    package static func text(_ status: DaemonStatus, now: Date, colour: Bool) -> String {
        let mode = switch status.mode {
        case .running: Colour.good.paint("running", colour)
        case .paused: Colour.doubtful.paint("paused", colour) + " (no job is started; `lclctl resume` ends it)"
        case .draining: Colour.doubtful.paint("draining", colour) + " (nothing is taken in; `lclctl resume` ends it)"
        }
        let uptime = Wording.duration(now.timeIntervalSince(status.started))
        let jobs = JobState.allCases.compactMap { state in
            status.jobs[state.rawValue].flatMap { $0 > 0 ? "\($0) \(state.rawValue)" : nil }
        }
        var lines = [
            ("lcld", "\(Terminal.escape(status.version)), \(mode), pid \(status.pid), up \(uptime)"),
            ("jobs", jobs.isEmpty ? "none" : jobs.joined(separator: ", ")),
            ("answered", "\(Wording.count(status.answered, "query", "queries")) since its start, \(Wording.rate(status.rate)) in the last minute"),
            ("models", status.models.map(Terminal.escape).joined(separator: ", ")),
            ("spool", Terminal.escape(status.spool) + (status.free.map { ", \(Wording.bytes($0)) free" } ?? "")),
        ]
        let busy = status.workers.count { $0.state == .busy }
        lines.append(("workers", "\(status.workers.count), \(busy) busy"))
        lines += status.waiting.map { ("waiting", Colour.doubtful.paint($0.reason.rawValue, colour) + " " + Wording.since($0, now: now)) }
        let head = lines.map { $0.0.padding(toLength: 10, withPad: " ", startingAt: 0) + $0.1 + "\n" }.joined()
        return head + workers(status, colour: colour)
    }

    private static func workers(_ status: DaemonStatus, colour: Bool) -> String {
        guard !status.workers.isEmpty else { return "" }
        var table = Table([.init("WORKER", right: true), .init("STATE"), .init("JOB")])
        for worker in status.workers {
            table.add(["\(worker.pid)", .init(worker.state.rawValue, worker.state == .busy ? .bold : .quiet), .init(worker.job?.rawValue ?? "")])
        }
        return "\n" + table.text(colour: colour)
    }
}
