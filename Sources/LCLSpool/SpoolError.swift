// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Why the spool could not do what it was asked: the environment's failures. Submitters' mistakes are ``LCLJob/Failure``s.
public enum SpoolError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A system call failed: "unable to `attempt` 'path'".
    case system(attempt: String, path: String, errno: Int32)
    /// The file has another length than was written: the disk lies, or somebody else writes to it.
    case wrongLength(path: String, expected: Int, found: Int)
    /// One job's copy would leave less free than is to stay: others may fit.
    case noRoom(path: String, what: String, needed: Int, free: Int)
    /// Another daemon holds the spool's lock.
    case locked(root: String, pid: Int32?)
    case separateFilesystems(root: String, place: String)
    /// One of our own files does not read as what we wrote.
    case damaged(path: String, why: String)
    /// A producer's own file or directory cannot be submitted.
    case unusable(path: String, why: String)
    /// The job was refused at intake or its pictures are gone, so it cannot be run again.
    case notRetryable(job: String)

    /// The disk or a quota is full: wait, nothing is wrong with the job.
    public var isDiskFull: Bool {
        if case .system(_, _, let code) = self { [ENOSPC, EDQUOT].contains(code) } else { false }
    }

    /// The machine lacks files or memory: what it was about is not to blame.
    var isShortage: Bool {
        if case .system(_, _, let code) = self { [EMFILE, ENFILE, ENOMEM].contains(code) } else { false }
    }

    /// Somebody else took the entry first: normal.
    public var isVanished: Bool {
        if case .system(_, _, ENOENT) = self { true } else { false }
    }

    /// What we wrote is not there any more, or does not read as such: trying again mends nothing.
    public var isDamage: Bool {
        if case .damaged = self { true } else { isVanished }
    }

    public var description: String {
        switch self {
        case .system(let attempt, let path, let code):
            "unable to \(attempt) '\(path)': \(String(cString: strerror(code)))" + Self.advice(code)
        case .wrongLength(let path, let expected, let found):
            "'\(path)' has \(found) bytes where \(expected) were written; check the disk, and that nothing else writes there"
        case .noRoom(let path, let what, let needed, let free):
            "no room for a copy in '\(path)': \(needed) \(what) are needed with the reserve, \(free) are free; make room, lcld tries again by itself"
        case .locked(let root, let pid):
            "the spool '\(root)' is in use by another lcld\(pid.map { " (process \($0))" } ?? ""); stop that one first, or give this one another spool"
        case .separateFilesystems(let root, let place):
            "'\(root)/\(place)' lies on another filesystem than '\(root)'; the spool needs one for all of it, since jobs move by rename"
        case .damaged(let path, let why):
            "'\(path)' is damaged: \(why); move its job's directory away and submit the job again"
        case .unusable(let path, let why): "unable to submit '\(path)': \(why)"
        case .notRetryable(let job):
            "job \(job) has no pictures of its own left to run again; submit it again"
        }
    }

    private static func advice(_ code: Int32) -> String {
        switch code {
        case ENOSPC, EDQUOT: "; make room, lcld goes on by itself"
        case EACCES, EPERM: "; check owner and mode, and that lcld runs as root, as the owner, or with CAP_DAC_OVERRIDE"
        case EMFILE, ENFILE: "; raise the limit of open files"
        default: ""
        }
    }
}
