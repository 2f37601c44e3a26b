// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct Train: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "train", abstract: "Not written yet.")
}
