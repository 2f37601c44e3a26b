// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// Speed, part by part: one file and one subcommand each.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure the speed of one part of the engine.",
        subcommands: [BenchEncoder.self, BenchDecode.self, BenchFeatures.self, BenchVision.self, BenchMLLM.self])
}
