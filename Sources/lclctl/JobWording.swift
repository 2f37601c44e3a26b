// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl
import LCLJob
import LCLText

extension Wording {
    /// The user's name, or the number where the system has none.
    static func user(_ uid: UInt32) -> String { getpwuid(uid).map { String(cString: $0.pointee.pw_name) } ?? "\(uid)" }

    /// `since 2026-11-22 23:05:09: why`.
    static func since(_ waiting: Waiting, now: Date) -> String { "since \(time(waiting.since)): \(Terminal.escape(waiting.detail))" }

    static func state(_ job: JobSummary) -> Table.Cell {
        job.waiting.map { Table.Cell("waiting: \($0.reason.rawValue)", .doubtful) } ?? state(job.state)
    }

    static func state(_ state: JobState) -> Table.Cell {
        switch state {
        case .queued: Table.Cell(state.rawValue)
        case .held, .cancelled, .expired: Table.Cell(state.rawValue, .doubtful)
        case .running: Table.Cell(state.rawValue, .bold)
        case .done: Table.Cell(state.rawValue, .good)
        case .failed, .dead: Table.Cell(state.rawValue, .bad)
        }
    }
}
