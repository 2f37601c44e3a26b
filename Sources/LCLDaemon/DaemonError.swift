// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Why the daemon could not start or go on: what, on which file, why, and what to do.
public enum DaemonError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The configuration says something it must not; each line names the key and what is wrong.
    case configuration([String])
    case spawn(program: String, code: Int32)
    /// The database must not lie on another machine's disk.
    case networkFilesystem(path: String, kind: String)
    /// Workers do not come up.
    case workers(cause: String)

    public var description: String {
        switch self {
        case .configuration(let problems): problems.map { "configuration: \($0)" }.joined(separator: "\n")
        case .spawn(let program, let code):
            "unable to start a worker by '\(program)': \(String(cString: strerror(code))); is lcld installed whole?"
        case .networkFilesystem(let path, let kind):
            "the database's directory '\(path)' lies on a network filesystem (\(kind)), where SQLite's locks and log do not hold; set `state` to a local directory"
        case .workers(let cause): "no worker comes up: \(cause); `lcl model verify` checks the models"
        }
    }
}
