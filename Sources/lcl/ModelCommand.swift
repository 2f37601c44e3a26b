// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLJob
import LCLLink
import LCLModel
import LCLText

struct ModelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "model", abstract: "Look at the models on this machine.", subcommands: [List.self, Inspect.self, Verify.self, Import.self, Plan.self],
        defaultSubcommand: List.self)
}

/// Where to look for models; the same in every command that takes a model.
struct ModelSearch: ParsableArguments {
    @Option(name: .customLong("models"), help: ArgumentHelp("Look for models here first, then in $LCL_MODELS and /var/lib/lcld/models.", valueName: "directory"))
    var directory: String?

    var path: [String] { ModelDirectory.searchPath(explicit: directory) }
}

extension ModelCommand {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Names of the models, where they lie, and what they are.")

        @OptionGroup var search: ModelSearch

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            let models = ModelDirectory.all(in: search.path)
            if json {
                let rows = models.map { name, model in
                    switch model {
                    case .success(let found): Row(name: name, path: found.path, sha256: found.identity, description: found.card.description, trained: found.card.trained)
                    case .failure(let error): Row(name: name, path: nil, sha256: nil, error: "\(error)")
                    }
                }
                try print(json: rows)
                return
            }
            for (name, model) in models {
                switch model {
                case .success(let found): try print(Terminal.escape(name) + "\t\(found.path)\t" + Terminal.escape(found.card.description))
                case .failure(let error): try print(Terminal.escape(name) + "\tunusable\t" + Terminal.escape("\(error)"))
                }
            }
            if models.isEmpty { throw ValidationError("no models in \(search.path.joined(separator: ", "))") }
        }

        private struct Row: Encodable {
            var name: String
            var path: String?
            var sha256: String?
            var description: String?
            var trained: ModelCard.Trained?
            var error: String?
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Check every file of a model against its card.")

        @Argument(help: "The model's name; all models where none is named.")
        var name: String?

        @OptionGroup var search: ModelSearch

        func run() throws {
            let models = try name.map { [(name: $0, model: Result.success(try ModelDirectory.find($0, in: search.path)))] }
                ?? ModelDirectory.all(in: search.path)
            var failed = false
            for (name, model) in models {
                do {
                    let found = try model.get()
                    try found.verify()
                    if found.card.language == nil { _ = try found.loadEncoder() } else { _ = try ModelLoader.load(found, memory: .max) }
                    try print("\(name): good (\(found.card.files.count) files, sha256 \(found.identity))")
                } catch {
                    failed = true
                    try print("\(name): bad: \(error)")
                }
            }
            if failed { throw ExitCode.failure }
        }
    }
}
