// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CPosix
import Dispatch
import Glibc
import LCLWorker

/// The daemon, and its workers: one program, so that both are always of one version.
struct LCLD: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lcld",
        abstract: "Classifies the pictures of jobs that are dropped into a spool directory.",
        discussion: """
            Every setting can be given in the file (--config, or $LCLD_CONFIG; /etc/lcld/lcld.json where it exists), as an \
            environment variable (workers.count is $LCLD_WORKERS_COUNT), or some also as a flag; the later in this list wins. \
            `lcld config` prints them all. SIGTERM ends the daemon within 20 seconds: batches under way are finished, jobs go \
            on at the next start. SIGHUP reads the file again.
            Exit status: 0 stopped as asked; 1 something it needs is missing, damaged or in use; 64 wrong usage; 78 wrong configuration.
            """,
        version: WorkerProgram.engine,
        subcommands: [Run.self, Config.self, Check.self],
        defaultSubcommand: Run.self)
}

/// A worker runs on the first thread and starts no other: it confines itself thread by thread. The daemon is Swift's to schedule.
@main
enum Program {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        if arguments.first == "worker" { return LCLD.Worker.main(Array(arguments.dropFirst())) }
        _ = cposix_keep_capabilities_from_children()
        Task {
            await LCLD.main()
            exit(0)
        }
        dispatchMain()
    }
}
