// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLWorker

/// What a run hears, and what it wants done.
extension JobRun {
    package enum Event {
        case replied(WorkerReply)
        /// The worker's process ended; `cause` says how.
        case died(cause: String, Death = .crash)
    }

    /// What a worker died of.
    package enum Death: Sendable {
        /// Of what it was looking at, as far as anybody knows.
        case crash
        /// For want of memory.
        case memory
        /// A file of its model was changed or cut short under it.
        case model
        /// It may not read the model, which came since it began to serve its user: another may.
        case outdated
        /// The daemon could not hand it a picture.
        case unserved

        /// No picture is at fault: the next attempt loads the model anew, or says what is wrong with it; or the machine was.
        var isBlameless: Bool { [.model, .unserved, .outdated].contains(self) }
    }

    package enum Action: Equatable {
        /// Make these verdicts durable.
        case checkpoint([Verdict.AtOrdinal])
        /// The worker has nothing to do for this run any more.
        case release(WorkerID)
        case kill(WorkerID)
        /// Every picture of a training has its verdict: say ``JobRun/settled()`` once all are durable.
        case settle
        /// Make this durable as an entry of the training's journal, and then say ``JobRun/kept(by:pausing:)``.
        case keep(WorkerID, name: JobID, Data)
        /// Always the last: nothing follows it.
        case end(Ending)
    }

    package enum Ending: Equatable {
        /// Every query has a verdict.
        case complete(Linked)
        /// A training has learned what it can: the link file, which nobody has looked at yet.
        case trained(Linked, TrainingReport, link: Data)
        /// The submitter's mistake.
        case failed(Failure)
        /// A worker died and no query can be blamed: the attempt is lost.
        case crashed(evidence: [String])
        /// The model was replaced since the job's first answer: its verdicts must come from one model, so it starts over.
        case modelChanged
        case stopped(Stop)
    }

    /// Why a run ends early.
    package enum Stop: Equatable, Sendable {
        /// The daemon stops, or takes the job back: the attempt is given back.
        case requeue
        case hold
        case cancel
    }

    package struct Assignment: Equatable {
        package var ordinals: [Int]
        package var batch: Int

        package init(ordinals: [Int], batch: Int) {
            self.ordinals = ordinals
            self.batch = batch
        }
    }
}
