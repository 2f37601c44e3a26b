// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLDaemon
import LCLText

extension LCLD {
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Start a worker and try what it must not be able to do.",
            discussion: """
                Prints what confines workers on this machine, what the kernel lacks, and what a worker could still do of that which it \
                must not. Exit status: 0 where that is nothing, else 1.
                """)

        @OptionGroup var flags: SettingFlags

        func run() throws {
            let report = try WorkerCheck.run(flags.settings(), program: Run.executable)
            try Terminal.output.write(Data(report.text.utf8))
            guard report.breaches.isEmpty else { throw ExitCode.failure }
        }
    }
}
