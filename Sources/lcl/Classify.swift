// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct Classify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "classify", abstract: "Not written yet.")
}
