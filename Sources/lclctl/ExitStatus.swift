// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LCLControl

/// How the program ends: the numbers are part of its interface.
package enum ExitStatus: Int32, CaseIterable, Error {
    case failed = 1
    case notRunning = 3
    case noSuchJob = 4
    case notAllowed = 5
    case timeout = 6
    case wrongState = 7

    package init(_ error: ControlError) {
        self = switch error.code {
        case .notRunning: .notRunning
        case .noSuchJob: .noSuchJob
        case .notAllowed: .notAllowed
        case .timeout, .requestTimeout: .timeout
        case .wrongState: .wrongState
        default: .failed
        }
    }

    private var meaning: String {
        switch self {
        case .failed: "the job ended badly, its description has mistakes, or something else went wrong"
        case .notRunning: "the daemon is not running"
        case .noSuchJob: "there is no such job"
        case .notAllowed: "the caller may not do this"
        case .timeout: "no answer in time"
        case .wrongState: "the job's state does not permit it"
        }
    }

    /// One sentence for the help of the program.
    static let documentation =
        "0 success; " + allCases.map { "\($0.rawValue) \($0.meaning)" }.joined(separator: "; ") + "; 64 the command line is not understood."
}
