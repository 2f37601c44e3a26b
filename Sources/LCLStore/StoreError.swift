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
    /// The file is of a later version of lcl than this one.
    case newer(path: String)
    /// Waiting helps: the disk is full.
    case diskFull(attempt: String, path: String, why: String)
    /// Waiting may help: another process holds the database, or the disk fails.
    case unavailable(attempt: String, path: String, why: String)
    case database(attempt: String, path: String, why: String)

    init(_ attempt: String, _ path: String, _ error: any Error) {
        guard let error = error as? DatabaseError else {
            self = .database(attempt: attempt, path: path, why: "\(error)")
            return
        }
        self =
            switch error.resultCode {
            case .SQLITE_FULL: .diskFull(attempt: attempt, path: path, why: "\(error)")
            case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHMSIZE: .diskFull(attempt: attempt, path: path, why: "\(error)")
            case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_IOERR: .unavailable(attempt: attempt, path: path, why: "\(error)")
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .damaged(path: path, why: "\(error)")
            default: .database(attempt: attempt, path: path, why: "\(error)")
            }
    }

    public var description: String {
        switch self {
        case .unknownJob(let id): "there is no job '\(id)'"
        case .illegal(let id, let state, let event): "job '\(id)' is \(state.rawValue): '\(event.rawValue)' does not apply to it"
        case .damaged(let path, let why):
            "the database '\(path)' is damaged: \(why); at its next start lcld sets it aside and reads the jobs back from the spool"
        case .newer(let path):
            "a newer version of lcl wrote the database '\(path)'; install that version again, or move the file and its -wal and -shm away: the jobs are then read back from the spool, without their answers so far, their holds and their story"
        case .diskFull(let attempt, let path, let why): "unable to \(attempt) in '\(path)', whose disk is full: \(why); make room, lcld goes on by itself"
        case .unavailable(let attempt, let path, let why): "unable to \(attempt) in '\(path)' for now: \(why)"
        case .database(let attempt, let path, let why): "unable to \(attempt) in '\(path)': \(why)"
        }
    }
}
