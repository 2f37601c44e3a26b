// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLDaemon
import LCLText

extension LCLD {
    struct Config: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Print every setting, its value, and where the value comes from.")

        @OptionGroup var flags: SettingFlags

        func run() throws {
            try Terminal.output.write(Data(flags.settings().table().utf8))
        }
    }
}
