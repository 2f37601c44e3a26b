// SPDX-License-Identifier: Apache-2.0

/// What the control socket speaks, for people: the answer to `GET /v1`, and what `lclctl api` prints.
public enum APIDocument {
    public static let text = """
        lcld's control socket: HTTP/1.1 and JSON over the Unix socket \(ControlSocket.defaultPath)
        (or $\(ControlSocket.environmentKey)). Whoever connects is known by the kernel's word (SO_PEERCRED): users see and
        control their own jobs; root, the daemon's own user and members of the group \(ControlServer.adminGroup) control all.

          curl --unix-socket \(ControlSocket.defaultPath) http://lcld/v1/status

        GET  /v1                      this text
        GET  /v1/status               mode, workers, jobs by state, rate, the models that the caller may use
        GET  /v1/jobs                 newest first: ?state=queued,running &user=UID &limit=100 &cursor=NEXT
                                      -> {"jobs":[...],"next":CURSOR}; no "next" on the last page
        GET  /v1/jobs/ID              one job
        GET  /v1/jobs/ID/result       its result (lcl/result/1; of a training lcl/training/1), once it is done
        GET  /v1/jobs/ID/log          what happened to it, oldest first: ?limit=100
        GET  /v1/jobs/ID/watch        its progress, one JSON object a line, until it ends
        POST /v1/jobs/ID/cancel       stop it for good
        POST /v1/jobs/ID/hold         keep it from starting, or stop it for now
        POST /v1/jobs/ID/release      let a held job start
        POST /v1/jobs/ID/retry        run a job that ended badly again
        PUT  /v1/jobs/ID/priority     {"priority": N}, -100 to 100; higher runs first
        GET  /v1/log                  what happened last, oldest first: ?limit=100
        GET  /v1/watch                progress of all jobs, one JSON object a line; blank lines say that it lives
        POST /v1/pause                start nothing new (administrators)
        POST /v1/resume               start jobs again (administrators)
        POST /v1/drain                finish what runs, take nothing in (administrators)

        A job that trains makes a model: it is its submitter's alone, unless an administrator makes it for everybody ("shared"), and
        is named in later manifests. Its "queries" are its pictures; "learned" in its progress is how far it is after those, 0 to 1.

        Limits: limit is 1 to \(JobFilter.maximumLimit); a body has 64 KiB at most; a request arrives whole within 30 s;
        a user who is no administrator has 64 connections and 200 requests a second, 400 at once.
        An error is {"error":{"code":CODE,"message":TEXT}} with the status:
        \(ControlError.Code.allCases.filter(\.isSaidByTheDaemon).map { "  \($0.httpStatus) \($0.rawValue)" }.joined(separator: "\n"))

        """
}

extension ControlError.Code {
    fileprivate var isSaidByTheDaemon: Bool {
        switch self {
        case .notRunning, .socketInUse, .socketPath, .timeout, .protocolMismatch: false
        default: true
        }
    }
}
