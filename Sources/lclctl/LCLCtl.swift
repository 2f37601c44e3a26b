// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LCLJob

/// The daemon's remote control.
@main
package struct LCLCtl: AsyncParsableCommand {
    package init() {}

    package static let configuration = CommandConfiguration(
        commandName: "lclctl",
        abstract: "Give jobs to lcld, watch them, and read their results.",
        discussion: """
            A job is some labelled pictures, and pictures to be told apart by them. Users see and control their own jobs; \
            root and members of the group lcld control all of them, and the daemon.

            The daemon's socket is taken from --socket, or else $LCLD_SOCKET, or else /run/lcld/control.sock.

            Exit status: \(ExitStatus.documentation)
            """,
        version: Engine.version,
        groupedSubcommands: [
            .init(name: "Job", subcommands: [Submit.self, Validate.self, List.self, Show.self, Watch.self, Results.self, Log.self]),
            .init(
                name: "Job control", subcommands: [Cancel.self, Hold.self, Release.self, Retry.self, SetPriority.self]),
            .init(name: "Daemon", subcommands: [Status.self, Pause.self, Resume.self, Drain.self, API.self]),
        ])
}
