// SPDX-License-Identifier: Apache-2.0
import LCLControl

/// Which worker a submitter's job gets. A worker serves one submitter until it ends: whoever took it over with a picture meets no other
/// user's pictures there.
///
/// Pure.
package struct WorkerChoice {
    package typealias WorkerID = JobRun.WorkerID

    package struct Candidate {
        package var id: WorkerID
        package var state: DaemonStatus.Worker.State
        /// Whose pictures it has seen; `nil` while it has seen none.
        package var submitter: UInt32?
        package var heard: ContinuousClock.Instant

        package init(id: WorkerID, state: DaemonStatus.Worker.State, submitter: UInt32?, heard: ContinuousClock.Instant) {
            self.id = id
            self.state = state
            self.submitter = submitter
            self.heard = heard
        }
    }

    package enum Move: Equatable {
        /// This one; `retiring` has served somebody else and is sent home, so that no more than the limit have served anybody.
        case take(WorkerID, retiring: WorkerID?)
        /// None is fit: this one, which has served somebody else, is sent home for a fresh one.
        case replace(WorkerID)
        /// All are busy, or a fresh one is coming up.
        case wait
    }

    /// - Parameters:
    ///   - members: all that live and are not about to end.
    ///   - limit: how many may be busy.
    package static func move(for submitter: UInt32, among members: [Candidate], limit: Int) -> Move {
        guard members.count(where: { $0.state == .busy }) < limit else { return .wait }
        let idle = members.filter { $0.state == .idle }
        if let own = idle.first(where: { $0.submitter == submitter }) { return .take(own.id, retiring: nil) }
        let others = idle.filter { $0.submitter != nil }.min { $0.heard < $1.heard }
        if let fresh = idle.first(where: { $0.submitter == nil }) {
            let isFull = members.count { $0.submitter != nil } >= limit
            return .take(fresh.id, retiring: isFull ? others?.id : nil)
        }
        if members.contains(where: { $0.state == .starting }) { return .wait }
        return others.map { .replace($0.id) } ?? .wait
    }
}
