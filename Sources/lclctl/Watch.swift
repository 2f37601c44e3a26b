// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLControl
import LCLJob
import LCLText

struct Watch: Command {
    static let configuration = CommandConfiguration(
        abstract: "Follow a job until it ends, or all jobs until interrupted.",
        discussion: "With a job, the exit status says how it ended: 0 where it is done.")
    @Argument(help: "The job; without it, all that you may see.", completion: .custom(JobArgument.candidates))
    var id: JobID?
    @Flag(help: "Print a line of JSON for every step.")
    var json = false
    @OptionGroup var socket: SocketOption

    func execute() async throws {
        let last = try await Self.follow(id, socket.client, on: .output, json: json)
        if id != nil, last?.state != .done { throw ExitStatus.failed }
    }

    /// Shows the way of the job until it is final; the last that was heard.
    @discardableResult
    static func follow(_ id: JobID?, _ client: ControlClient, on terminal: Terminal, json: Bool) async throws -> JobProgress? {
        var board = ProgressBoard(terminal), last: JobProgress?
        try await client.watch(id) { progress in
            last = progress
            if json { return try terminal.write(CanonicalJSON.encode(progress)) }
            try board.show(progress, at: ProcessInfo.processInfo.systemUptime)
        }
        guard id == nil || last?.state.isFinal == true else {
            throw ControlError(.unavailable, "the daemon stopped before the job ended; it goes on when the daemon is started again")
        }
        return last
    }
}
