// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLJob
import LCLLink
import LCLModel
import LCLSpool

extension ModelCommand {
    /// A language model and its eyes, as two GGUF files, into a directory with a card.
    struct Import: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a model of a language model and a vision model that lie here as GGUF files.",
            discussion: """
                The files are those that llama.cpp's users have: MODEL.gguf (the first, where there are several) and its mmproj \
                file. They are copied into DIRECTORY/NAME beside a model.json, and the model is loaded once to see that all of it \
                can be used. Edit model.json to change the template or the calibration later.
                """)

        @Argument(help: "What the model will be called.")
        var name: String

        @Option(help: ArgumentHelp("The language model's GGUF file.", valueName: "file"), completion: .file())
        var language: String

        @Option(help: ArgumentHelp("The vision model's GGUF file, with the projector (mmproj).", valueName: "file"), completion: .file())
        var vision: String

        @Option(help: ArgumentHelp("The projector's GGUF file, where `lcl train --method mllm` wrote one for the encoder.", valueName: "file"), completion: .file())
        var projector: String?

        @Option(help: ArgumentHelp("What is added to the language model's matrices (a LoRA adapter as GGUF), if anything.", valueName: "file"), completion: .file())
        var adapter: String?

        @Option(help: ArgumentHelp("Where the model's directory is made.", valueName: "directory"))
        var into = "/var/lib/lcld/models"

        @Option(help: ArgumentHelp("How supports are shown: paper, chat or compact; a template of your own goes into model.json.", valueName: "name"))
        var template = "chat"

        @Option(help: "What labels are called in the conversation: own, as the job does, or invented words, as `lcl train --method mllm` teaches.")
        var names = LanguageCard.Names.own

        @Option(help: ArgumentHelp("Orders of the supports whose scores are averaged where a job does not say; 1 unless given.", valueName: "count"))
        var orders: Int?

        @Flag(help: "Show large pictures in tiles too, where the vision model was taught that (Idefics3, SmolVLM): more positions a picture.")
        var split = false

        @Option(help: "How a label's log-likelihood counts its tokens: sum or mean.")
        var length = LanguageCard.Length.mean

        @Option(help: "What is taken from every score: content-free (what a grey picture scores) or none.")
        var calibration = LanguageCard.Calibration.contentFree

        @Option(help: "Probabilities are the softmax of temperature x scores.")
        var temperature = 1.0

        @Option(help: ArgumentHelp("Positions to make room for; at most what the model was trained for.", valueName: "count"))
        var context: Int?

        @Option(help: ArgumentHelp("What the model is, for people.", valueName: "text"))
        var description: String?

        @Option(help: ArgumentHelp("SPDX identifier of its licence.", valueName: "identifier"))
        var licence = "NOASSERTION"

        @Flag(help: "Give the files a second name (hard link) instead of copying them.")
        var link = false

        func validate() throws {
            guard LanguageCard.Template.names.contains(template) else { throw ValidationError("--template is one of \(LanguageCard.Template.names.joined(separator: ", "))") }
            if let orders, !(1...LanguageCard.mostOrders).contains(orders) { throw ValidationError("--orders is from 1 to \(LanguageCard.mostOrders)") }
        }

        func run() throws {
            let shards = try GGUFShards(path: language), trained = try LanguageConfiguration(shards).context
            let card = LanguageCard(
                file: Self.name(of: language), vision: Self.name(of: vision), projector: projector.map(Self.name), adapter: adapter.map(Self.name),
                split: split ? true : nil, template: .named(template), names: names == .own ? nil : names, orders: orders, length: length,
                calibration: calibration, temperature: temperature, context: min(context ?? 16_384, trained))
            let files = shards.files.map(\.path) + [vision] + [projector, adapter].compactMap(\.self)
            let title = description ?? (try? shards.first.string("general.name")) ?? card.file
            let model = try ModelDirectory.make(name, in: into, description: title, licence: licence, language: card, of: files, linking: link)
            do {
                let loaded = try ConversationModel(directory: model, card: card, threads: 1, memory: .max)
                try print("\(model.path): \(loaded.summary), sha256 \(model.identity)")
            } catch {
                try? FileManager.default.removeItem(atPath: model.path)
                throw error
            }
        }

        private static func name(of path: String) -> String { URL(filePath: path).lastPathComponent }
    }
}

extension LanguageCard.Names: ExpressibleByArgument {}
extension LanguageCard.Length: ExpressibleByArgument {}
extension LanguageCard.Calibration: ExpressibleByArgument {}
