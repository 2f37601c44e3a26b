// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LCLDaemon

extension LCLD {
    struct Config: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print every setting, its value, and where the value comes from.")

        @OptionGroup var flags: SettingFlags

        func run() throws {
            print(try flags.settings().table(), terminator: "")
        }
    }
}
