// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLDigest
import LCLLink
import LCLModel
import LCLTraining

/// What `lcl train --method mllm` needs beside what all trainings do.
struct LanguageTrainingOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The language model to teach (GGUF), for the method mllm.", valueName: "file"), completion: .file())
    var language: String?

    @Option(help: "Rank of the adapters of the language model.")
    var rank = 8

    func validate() throws {
        guard (8...256).contains(rank), rank % 8 == 0 else { throw ValidationError("--rank must be a multiple of 8, from 8 to 256") }
    }

    /// Trains, and writes `adapter.gguf` and `projector.gguf` into the folder `output`.
    func train(_ fit: LanguageFit, _ table: FeatureTable, sight: ModelDirectory, output: String) throws {
        guard let language else { throw ValidationError("--method mllm needs --language FILE, the language model to teach") }
        let shards = try GGUFShards(path: language)
        let space = try LinkModel(directory: sight).link.linking(.metric).space
        var fit = fit
        fit.rank = rank
        let learned = try fit.run(
            table, space: space, model: LanguageMatrices(shards), tokenizer: Tokenizer(shards.first), identity: shards.first.digest().hex
        ).learned
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let architecture = try shards.first.string("general.architecture")
        try Data(learned.adapterFile(architecture: architecture)).write(to: URL(filePath: "\(output)/adapter.gguf"), options: .atomic)
        try Data(learned.projectorFile()).write(to: URL(filePath: "\(output)/projector.gguf"), options: .atomic)
        try print("\(output): adapter.gguf and projector.gguf")
    }
}
