// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLControl
import LCLJob
import LCLText

struct Show: Command {
    static let configuration = CommandConfiguration(abstract: "Show all about one job but its answers.")
    @OptionGroup var job: JobArgument
    @Flag(help: "Print JSON.")
    var json = false
    @OptionGroup var socket: SocketOption

    func execute() async throws {
        let detail = try await socket.client.job(job.id)
        if json { return try Terminal.output.write(CanonicalJSON.encode(detail, pretty: true)) }
        try Terminal.output.write(Data(JobText.detail(detail, now: .now, colour: Terminal.output.hasColour).utf8))
    }
}
