// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLModel

struct BenchMLLM: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mllm", abstract: "Questions a second through a language model that has read a support set.",
        discussion: """
            The support set is run once; queries, each with all its labels, follow in batches that share it. Tokens are arbitrary: only \
            their number counts. One line for each round; the medians at the end.
            """)

    @Option(help: "A language model's GGUF file; the first, where it has several.")
    var model: String

    @Option(help: "Tokens of the support set.")
    var prefix = 640

    @Option(help: "Queries.")
    var queries = 64

    @Option(help: "Tokens of a query.")
    var queryTokens = 12

    @Option(help: "Labels.")
    var labels = 2

    @Option(help: "Tokens of a label.")
    var labelTokens = 3

    @Option(help: "Rows of the network that run together, about.")
    var rows = 1024

    @Option(help: "Threads.")
    var threads = 2

    @Option(help: "Rounds.")
    var rounds = 3

    func validate() throws {
        let sizes = [prefix, queries, queryTokens, labels, labelTokens, rows, rounds]
        guard sizes.allSatisfy({ (1...100_000).contains($0) }), (1...1024).contains(threads) else {
            throw ValidationError("every number must be positive, and within reason")
        }
    }

    func run() throws {
        let file = try GGUFShards(path: model), length = max(prefix + queryTokens + labelTokens, 256)
        let language = try LanguageModel(file, context: length, threads: threads)
        guard language.context >= length else { throw ValidationError("the model has room for \(language.context) tokens; \(length) are asked for") }
        try print("\(model): prefix \(prefix), \(queries) queries of \(queryTokens), \(labels) labels of \(labelTokens), \(threads) thread(s)")
        var random = Tokens(count: language.configuration.vocabulary)
        let support = random.draw(prefix), prompt = random.draw(256)
        let branches = (0..<queries).map { _ in
            LanguageBranch(trunk: language.embed(random.draw(queryTokens)), continuations: (0..<labels).map { _ in random.draw(labelTokens) })
        }
        _ = language.prefix(language.embed(prompt))
        var times: [(prefix: Double, queries: Double, prompt: Double)] = []
        for _ in 0..<rounds {
            let (linked, first) = timed { language.prefix(language.embed(support)) }
            let (_, second) = timed { answer(branches, after: linked, language) }
            let (_, third) = timed { language.prefix(language.embed(prompt)) }
            times.append((first, second, third))
            try report("", first, second, third)
        }
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        try report("median: ", median(times.map(\.prefix)), median(times.map(\.queries)), median(times.map(\.prompt)))
    }

    private func answer(_ branches: [LanguageBranch], after prefix: LanguagePrefix, _ language: LanguageModel) {
        let together = max(1, rows / branches[0].rowCount)
        for first in stride(from: 0, to: branches.count, by: together) {
            _ = language.logLikelihoods(Array(branches[first..<min(branches.count, first + together)]), after: prefix)
        }
    }

    private func timed<T>(_ body: () -> T) -> (T, Double) {
        let start = ContinuousClock.now, value = body()
        return (value, (ContinuousClock.now - start) / .seconds(1))
    }

    private func report(_ name: String, _ prefix: Double, _ queries: Double, _ prompt: Double) throws {
        try print(
            "\(name)support set \(prefix.formatted(decimals: 2)) s, queries \(queries.formatted(decimals: 2)) s"
                + " (\((Double(self.queries) / queries).formatted(decimals: 1)) a second), together \((prefix + queries).formatted(decimals: 2)) s;"
                + " prefill of 256: \((256 / prompt).formatted(decimals: 0)) tokens/s")
    }
}

/// Arbitrary tokens, the same every time.
private struct Tokens {
    let count: Int
    private var state: UInt64 = 1

    init(count: Int) { self.count = count }

    mutating func draw(_ length: Int) -> [Int] {
        (0..<length).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(count))
        }
    }
}
