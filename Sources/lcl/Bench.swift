// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "bench", abstract: "Not written yet.")
}
