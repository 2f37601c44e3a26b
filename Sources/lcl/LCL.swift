// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LCLJob
import LCLTensor

/// The engine without a daemon.
@main
struct LCL: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lcl",
        abstract: "Few-shot image classification: a few labelled pictures in, a verdict for each unknown one out.",
        version: Engine.version,
        subcommands: [Classify.self, Train.self, Eval.self, EvalPaper.self, Bench.self, ModelCommand.self])

    static func main() async {
        OpenBLASKernels.restartForBetter()
        await main(nil)
    }
}
