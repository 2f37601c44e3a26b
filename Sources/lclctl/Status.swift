// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLControl
import LCLJob
import LCLText

struct Status: Command {
    static let configuration = CommandConfiguration(abstract: "Show what the daemon is doing.")
    @Flag(help: "Print JSON.")
    var json = false
    @OptionGroup var socket: SocketOption

    func execute() async throws {
        let status = try await socket.client.status()
        if json { return try Terminal.output.write(CanonicalJSON.encode(status, pretty: true)) }
        try Terminal.output.write(Data(StatusText.text(status, now: .now, colour: Terminal.output.hasColour).utf8))
    }
}
