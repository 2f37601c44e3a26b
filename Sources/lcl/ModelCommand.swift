// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct ModelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "model", abstract: "Not written yet.")
}
