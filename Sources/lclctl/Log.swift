// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLControl
import LCLJob
import LCLText

struct Log: Command {
    static let configuration = CommandConfiguration(abstract: "Show what happened to a job, or to all of them, oldest first.")
    @Argument(help: "The job; without it, what happened last to all.", completion: .custom(JobArgument.candidates))
    var id: JobID?
    @Option(help: ArgumentHelp("How many entries at most.", valueName: "count"))
    var limit = 100
    @Flag(help: "Print JSON.")
    var json = false
    @OptionGroup var socket: SocketOption

    func validate() throws {
        guard (1...JobFilter.maximumLimit).contains(limit) else {
            throw ValidationError("--limit must be from 1 to \(JobFilter.maximumLimit)")
        }
    }

    func execute() async throws {
        let client = socket.client
        let entries = if let id { try await client.log(of: id, limit: limit) } else { try await client.log(limit: limit) }
        if json { return try Terminal.output.write(CanonicalJSON.encode(entries, pretty: true)) }
        var table = Table([.init("TIME"), .init("JOB"), .init("EVENT"), .init("BY"), .init("DETAIL")])
        for entry in entries {
            table.add([
                .init(Wording.time(entry.at)), .init(entry.job?.rawValue ?? ""), .init(entry.event), .init(entry.actor),
                .init(entry.detail ?? ""),
            ])
        }
        try Terminal.output.write(Data(table.text(colour: Terminal.output.hasColour).utf8))
    }
}
