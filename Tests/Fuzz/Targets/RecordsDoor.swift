// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLControl
import LCLJob
import LCLSpool
import LCLWorker

/// JSON that we read back or get over the control socket: refused, or a value that writes itself the same every time.
final class RecordsDoor: FuzzDoor {
    func check(_ input: [UInt8]) throws {
        let text = Data(input)
        // Of the spool.
        try check(IntakeRecord.self, text)
        try check(ErrorReport.self, text)
        try check(JobResult.self, text)
        // Of the control socket.
        try check(DaemonStatus.self, text)
        try check(JobSummary.self, text)
        try check(JobDetail.self, text)
        try check(JobPage.self, text)
        try check(LogPage.self, text)
        try check(JobProgress.self, text)
        // Between daemon and worker.
        try check(WorkerRequest.self, text)
        try check(WorkerReply.self, text)
    }

    private func check<T: Codable>(_ type: T.Type, _ text: Data) throws {
        guard let value = try? CanonicalJSON.decode(type, from: text) else { return }
        let once = try CanonicalJSON.encode(value), twice = try CanonicalJSON.encode(CanonicalJSON.decode(type, from: once))
        try require(once == twice, "\(type) reads as it was written")
    }
}
