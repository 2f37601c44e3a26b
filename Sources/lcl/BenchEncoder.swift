// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct BenchEncoder: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "encoder", abstract: "Pictures a second through the vision encoder.")
}
