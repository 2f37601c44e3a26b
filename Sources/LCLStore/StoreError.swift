// SPDX-License-Identifier: Apache-2.0
import GRDB
import LCLJob

/// Why the store did not do what it was asked.
public enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownJob(JobID)
    /// The event does not apply in this state; see ``LCLJob/JobState/applying(_:)``.
    case illegal(job: JobID, state: JobState, event: JobEvent)
    /// The database cannot be read or is damaged.
    case damaged(path: String, why: String)
    /// Waiting may help: the disk is full, or another process holds the database.
    case unavailable(attempt: String, path: String, why: String)
    case database(attempt: String, path: String, why: String)

    init(_ attempt: String, _ path: String, _ error: any Error) {
        guard let error = error as? DatabaseError else {
            self = .database(attempt: attempt, path: path, why: "\(error)")
            return
        }
        self =
            switch error.resultCode {
            case .SQLITE_FULL, .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_IOERR: .unavailable(attempt: attempt, path: path, why: "\(error)")
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .damaged(path: path, why: "\(error)")
            default: .database(attempt: attempt, path: path, why: "\(error)")
            }
    }

    public var description: String {
        switch self {
        case .unknownJob(let id): "there is no job '\(id)'"
        case .illegal(let id, let state, let event): "job '\(id)' is \(state.rawValue): '\(event.rawValue)' does not apply to it"
        case .damaged(let path, let why):
            "the database '\(path)' is damaged: \(why); stop lcld, move the file and its -wal and -shm away and start again: jobs are read back from the spool"
        case .unavailable(let attempt, let path, let why): "unable to \(attempt) in '\(path)' for now: \(why)"
        case .database(let attempt, let path, let why): "unable to \(attempt) in '\(path)': \(why)"
        }
    }
}
