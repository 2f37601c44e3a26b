// SPDX-License-Identifier: Apache-2.0

/// Where a job is in its life. The last five are final; only ``JobEvent/retry`` leaves one of them (never `done`).
public enum JobState: String, Codable, Sendable, CaseIterable {
    case queued
    case held
    case running
    /// Answered: `done/ID/result.json` is published.
    case done
    /// The submitter's mistake: `failed/ID/error.json` says which.
    case failed
    /// Every attempt ended in a crash: set aside with the evidence.
    case dead
    case cancelled
    case expired

    public var isFinal: Bool {
        switch self {
        case .queued, .held, .running: false
        case .done, .failed, .dead, .cancelled, .expired: true
        }
    }
}

/// What can happen to a job.
public enum JobEvent: String, Codable, Sendable, CaseIterable {
    /// An attempt begins; it is charged before any worker sees the job.
    case start
    /// The result is published.
    case finish
    /// The submitter's mistake, found while running or at intake.
    case fail
    /// The attempt ended with the worker's death, and attempts are left.
    case crash
    /// The same, and none is left.
    case exhaust
    /// The daemon stops or restarts: back to the queue, the attempt is given back.
    case requeue
    case hold
    case release
    case cancel
    case expire
    /// A person asks for a job that ended badly to be run again, with fresh attempts.
    case retry
}

extension JobState {
    /// The state after `event`, or `nil` where the event does not apply: pure, so that it can be tested without a disk.
    public func applying(_ event: JobEvent) -> JobState? {
        switch (self, event) {
        case (.queued, .start): .running
        case (.queued, .hold): .held
        case (.held, .release): .queued
        case (.queued, .cancel), (.held, .cancel), (.running, .cancel): .cancelled
        case (.queued, .expire), (.held, .expire): .expired
        case (.queued, .fail), (.running, .fail): .failed
        case (.running, .finish): .done
        case (.running, .crash), (.running, .requeue): .queued
        case (.running, .exhaust): .dead
        case (.running, .hold): .held
        case (.failed, .retry), (.dead, .retry), (.cancelled, .retry), (.expired, .retry): .queued
        default: nil
        }
    }
}
