// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// The places between two durable steps where tests end the daemon, as a power cut would: `LCLD_FAULT=after-insert lcld run`.
package enum Fault: String, CaseIterable, Sendable {
    case afterSnapshot = "after-snapshot"
    case afterInsert = "after-insert"
    case afterFeatures = "after-features"
    case afterCheckpoint = "after-checkpoint"
    case afterEntry = "after-entry"
    case afterModel = "after-model"
    case beforePublish = "before-publish"
    case afterPublishRename = "after-publish-rename"

    private static let chosen = ProcessInfo.processInfo.environment["LCLD_FAULT"].flatMap(Fault.init)

    func reach() {
        if self == Self.chosen { kill(getpid(), SIGKILL) }
    }
}
