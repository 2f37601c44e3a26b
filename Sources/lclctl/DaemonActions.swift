// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LCLControl
import LCLText

struct Pause: Command {
    static let configuration = CommandConfiguration(
        abstract: "Start no more jobs.", discussion: "Jobs are still taken in, and wait. What runs is finished.")
    @OptionGroup var socket: SocketOption
    func execute() async throws { try await socket.perform(.pause) }
}

struct Resume: Command {
    static let configuration = CommandConfiguration(abstract: "Start jobs again after pause or drain.")
    @OptionGroup var socket: SocketOption
    func execute() async throws { try await socket.perform(.resume) }
}

struct Drain: Command {
    static let configuration = CommandConfiguration(
        abstract: "Finish what runs, and take nothing more in.", discussion: "Before maintenance; `lclctl resume` ends it.")
    @OptionGroup var socket: SocketOption
    func execute() async throws { try await socket.perform(.drain) }
}

struct API: Command {
    static let configuration = CommandConfiguration(commandName: "api", abstract: "Describe the control socket's HTTP interface.")
    func execute() async throws { try Terminal.output.write(.init(APIDocument.text.utf8)) }
}

extension SocketOption {
    fileprivate func perform(_ action: DaemonAction) async throws {
        try Terminal.output.print("the daemon is \(try await client.perform(action).mode.rawValue)")
    }
}
