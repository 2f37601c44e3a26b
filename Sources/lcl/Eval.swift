// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct Eval: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "eval", abstract: "Not written yet.")
}
