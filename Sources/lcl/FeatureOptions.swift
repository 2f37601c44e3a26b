// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLModel
import LCLText
import LCLTraining

/// What `lcl train` and `lcl eval` need to turn folders of pictures into features.
struct FeatureOptions: ParsableArguments {
    @Option(help: "The model whose encoder to use.")
    var model = "default"

    @OptionGroup var search: ModelSearch

    @Option(help: "Threads to encode pictures on.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Flag(help: "Keep the features in DIR/.features.gguf (LIST.csv.features.gguf) and take them from there the next time.")
    var cache = false

    func encoder() throws -> (model: ModelDirectory, encoder: FeatureEncoder) {
        let directory = try ModelDirectory.find(model, in: search.path)
        let (network, taps) = try directory.loadEncoder()
        var encoder = FeatureEncoder(
            network: network, encoder: directory.card.encoderDigest ?? "", taps: taps)
        encoder.threads = threads
        return (directory, encoder)
    }

    /// What masks are learned from.
    func masks(_ network: EfficientNetLite0, directory: String) throws -> MaskExamples {
        try MaskExamples(root: directory, network: network, threads: threads)
    }

    /// - Parameters:
    ///   - mark: what tells the file of kept features from another's in the same folder.
    ///   - isWanted: which sources to read.
    func table(_ encoder: (model: ModelDirectory, encoder: FeatureEncoder), directory: String, mark: String = "", of isWanted: (String) -> Bool = { _ in true }) throws -> FeatureTable {
        let isList = directory.hasSuffix(".csv")
        let tree = try isList ? PictureTree(list: directory) : PictureTree(root: directory)
        let (table, skipped) = try encoder.encoder.table(tree.filter(isWanted), cache: cache ? "\(directory)\(isList ? "" : "/").features\(mark).gguf" : nil) { done, total in
            if isatty(2) == 1 { FileHandle.standardError.write(Data("\r\(directory): \(done) of \(total) pictures".utf8)) }
        }
        if isatty(2) == 1 { FileHandle.standardError.write(Data("\n".utf8)) }
        for (path, reason) in skipped.sorted(by: { $0.key < $1.key }) {
            try? Terminal.errors.print("left out: \(Terminal.escape("\(path): \(reason)"))")
        }
        return table
    }
}
