// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor
import TestModels
import Testing

/// A tiny language model with invented weights and a tokenizer of single bytes: what it says means nothing, but how it is asked
/// is checked against the whole conversation, token by token.
struct LanguageLinkTests {
    static let names = ["wug", "wuzzle", "blick"]
    let model: LanguageModel
    let tokenizer: Tokenizer

    init() throws {
        let file = try TinyLanguage.open()
        model = try LanguageModel(file, context: 600)
        tokenizer = try Tokenizer(file.first)
    }

    private func picture(_ seed: Int, rows: Int = 2) -> Matrix {
        Matrix(rows: rows, columns: 16, (0..<rows * 16).map { Float(sin(Double($0 * 7 + seed * 131) * 1.7)) })
    }

    private var labels: [Int] { [0, 1, 2, 0, 1, 2] }

    private func link(
        _ template: PromptTemplate = .chatML, neutral: Bool = false, _ edit: (inout LanguageLink.Options) -> Void = { _ in }
    ) throws -> LinkedConversation {
        var options = LanguageLink.Options()
        edit(&options)
        return try LanguageLink(model: model, tokenizer: tokenizer, template: template).link(
            supports, neutral: neutral ? picture(99) : nil, options: options)
    }

    private var supports: LabelledPictures { pictures(labels.indices.map { picture($0) }, labels, Self.names) }

    private func pictures(_ pictures: [Matrix], _ labels: [Int], _ names: [String]) -> LabelledPictures {
        LabelledPictures(pictures: pictures, labels: labels, names: names, digests: pictures.indices.map { [UInt8($0)] })
    }

    private var queries: [Matrix] { (10..<17).map { picture($0, rows: 1 + $0 % 2) } }

    @Test func score_isTheLikelihoodOfTheWholeConversation() throws {
        let template = try PromptTemplate(opening: "Look.", support: "<{image}={label}>", query: "<{image}={label}>")
        let linked = try LanguageLink(model: model, tokenizer: tokenizer, template: template).link(
            pictures([word("k"), word("q")], [0, 1], ["wug", "wuzzle"]))
        let score = try #require(linked.scores([word("j")]).first ?? nil)
        // One of the two orders, and pictures that are words: the same as reading the text.
        func likelihood(_ text: String, from start: String) -> Double {
            let logs = model.logProbabilities(tokenizer.encode(text)), first = tokenizer.encode(start).count
            return logs[(first - 1)...].reduce(0) { $0 + Double($1) }
        }
        let orders = ["Look.<k=wug><q=wuzzle>", "Look.<q=wuzzle><k=wug>"].map { text in
            ["wug", "wuzzle"].map { likelihood(text + "<j=" + $0 + ">", from: text + "<j=wu") }
        }
        #expect(orders.contains { zip($0, score.logits).allSatisfy { abs($0 - $1) < 1e-4 } })
    }

    private func word(_ text: String) -> Matrix { model.embed(tokenizer.encode(text)) }

    @Test(arguments: [1, 40, 100, 10_000]) func scores_areTheSameBits_inAnyBatch(_ rows: Int) throws {
        let expected = try link { $0.orders = 2 }.scores(queries)
        let linked = try link {
            $0.orders = 2
            $0.rowsPerBatch = rows
        }
        #expect(try linked.scores(queries) == expected)
        #expect(try queries.map { try linked.scores([$0])[0] } == expected)
    }

    @Test func neutralPicture_scoresNothing_afterCalibration() throws {
        let linked = try link(neutral: true) { $0.orders = 3 }
        #expect(try linked.scores([picture(99)])[0]?.logits == [0, 0, 0])
        #expect(try linked.scores([picture(1)])[0]?.logits.contains { $0 != 0 } == true)
    }

    @Test func mean_dividesByTheTokensThatTellTheLabelsApart() throws {
        let sums = try link().scores(queries), means = try link { $0.length = .mean }.scores(queries)
        // In the chat form: wug" uzzle"... with single bytes nothing is common, and the quote counts.
        for (sum, mean) in zip(sums, means) {
            for (label, length) in [4.0, 7.0, 6.0].enumerated() { #expect(abs(sum!.logits[label] / length - mean!.logits[label]) < 1e-9) }
        }
    }

    @Test func orders_areTheSame_forASeed_andOthersForAnother() throws {
        let once = try link { $0.seed = 4 }.scores(queries), again = try link { $0.seed = 4 }.scores(queries)
        #expect(once == again)
        #expect(try (5..<9).contains { seed in try link { $0.seed = seed }.scores(queries) != once })
        #expect(once.allSatisfy { $0?.orderSensitivity == 0 })
    }

    @Test func sensitivity_isTheShareOfOrdersThatDisagree() throws {
        let averaged = try link { $0.orders = 4 }.scores(queries)
        for score in averaged { #expect([0, 0.25, 0.5, 0.75].contains(score?.orderSensitivity)) }
    }

    /// The second order as the labels are called in it, from scores that do not exchange names.
    @Test func everyLabel_isCalledByEveryName_whereNamesAreExchanged() throws {
        let link = try LanguageLink(model: model, tokenizer: tokenizer, template: .compact)
        func logits(_ names: [String], orders: Int, exchange: Bool = false) throws -> [Double] {
            var options = LanguageLink.Options()
            (options.orders, options.exchangesNames) = (orders, exchange)
            let linked = try link.link(pictures((0..<4).map { picture($0) }, [0, 1, 0, 1], names), options: options)
            return try #require(linked.scores([picture(10)])[0]).logits
        }
        let names = ["wug", "zat"], turned = ["zat", "wug"]
        let first = try logits(names, orders: 1), exchanged = try logits(names, orders: 2, exchange: true)
        let second = try zip(logits(turned, orders: 2), logits(turned, orders: 1)).map { 2 * $0 - $1 }
        for (score, wanted) in zip(exchanged, zip(first, second).map { ($0 + $1) / 2 }) { #expect(abs(score - wanted) < 1e-9) }
        #expect(try exchanged != logits(names, orders: 2))
    }

    /// The second order calls the label of three supports by the long name: what is left of the context there decides.
    @Test func room_isThatOfTheOrderThatTakesMost_whereNamesAreExchanged() throws {
        let set = pictures((0..<4).map { picture($0) }, [0, 0, 0, 1], ["a", "a long name"])
        var options = LanguageLink.Options()
        (options.orders, options.exchangesNames) = (2, true)
        func link(context: Int) throws -> LinkedConversation {
            let model = try LanguageModel(TinyLanguage.open(), context: context)
            return try LanguageLink(model: model, tokenizer: tokenizer, template: .compact).link(set, options: options)
        }
        let first = try link(context: 500).length, second = first + 2 * ("a long name".utf8.count - 1)
        #expect(throws: LinkError.self) { try link(context: second) }
        let linked = try link(context: second + 40)
        let fits = try (1...40).map { try linked.scores([picture(1, rows: $0)])[0] != nil }
        #expect(fits.first == true && fits.last == false)
    }

    @Test func supportSet_isRefusedWithTheNumbers_whenItDoesNotFit() throws {
        let small = try LanguageModel(TinyLanguage.open(), context: 100)
        let tight = try LanguageLink(model: small, tokenizer: tokenizer, template: .chatML)
        let context = try #require(throws: LinkError.self) {
            _ = try tight.link(supports)
        }
        #expect("\(context)".contains("more than the model's 100"))
        let memory = try #require(throws: LinkError.self) { _ = try link { $0.memory = 1 << 10 } }
        #expect("\(memory)".contains("MiB of keys and values"))
    }

    /// The supports are two, the labels many: what a query's labels make counts too.
    @Test func job_isRefusedWithTheNumbers_whenTheRowsOfAQueryDoNotFit() throws {
        let names = (0..<500).map { "label \($0)" }, link = try LanguageLink(model: model, tokenizer: tokenizer, template: .compact)
        let supports = [(label: 0, positions: 2), (label: 1, positions: 2)], all = try link.positions(names, supports: supports, query: 2)
        let plan = MemoryPlan(MemoryPlan.Shape(model.configuration), positions: all.supports, pictures: 4, query: all.rows)
        #expect(all.rows > 1024 && plan.answering > plan.reading && plan.pictures == 4 * 16 * 4)
        var options = LanguageLink.Options()
        options.memory = plan.bytes(orders: 1)
        try link.admit(names, supports: supports, query: 2, options)
        options.memory -= 1
        let error = try #require(throws: LinkError.self) { try link.admit(names, supports: supports, query: 2, options) }
        #expect("\(error)".contains("of \(all.rows) rows each"))
    }

    @Test func label_staysText_whenItIsWrittenLikeASpecialToken() throws {
        let names = ["<|im_end|>", "{image}"]
        let linked = try LanguageLink(model: model, tokenizer: tokenizer, template: .compact).link(
            pictures([picture(1), picture(2)], [0, 1], names))
        // Two supports of two rows, and " LABEL\n" letter by letter.
        #expect(linked.length == names.reduce(0) { $0 + 2 + 2 + $1.utf8.count })
    }

    @Test(arguments: [("{image}", "{image}{label}", "{image}{label};"), ("", "{label}", "{image}{label};"), ("", "{image}{label}", "{label}{image};"),
                      ("", "{image}{label}", "{image}{label}{image};"), ("", "{image}{label}{what}", "{image}{label};"), ("", "{image}{label}", "{answer}{image}{label};"),
                      ("", "{image}{label", "{image}{label};"), ("", "{image}{label}", "{image}{label}")])
    func template_isRefused_whenItsPlacesAreWrong(_ opening: String, _ support: String, _ query: String) {
        #expect(throws: LinkError.self) { try PromptTemplate(opening: opening, support: support, query: query) }
    }

    /// Two spellings of a letter that this tokenizer knows none of: one unknown token each.
    @Test func labels_areRefused_whenTheyAreTheSameTokens() throws {
        var writer = GGUFWriter(architecture: "llama"), file = try TinyLanguage.open().first
        for (key, value) in file.metadata { writer.set(key, value) }
        writer.set("tokenizer.ggml.model", .string("llama"))
        writer.set("tokenizer.ggml.tokens", .array((["<unk>", "\u{2581}", "a", ";"] + (4..<258).map { "<\($0)>" }).map { .string($0) }))
        writer.set("tokenizer.ggml.scores", .array((0..<258).map { .float32(-Float($0)) }))
        writer.set("tokenizer.ggml.token_type", .array((0..<258).map { .int32($0 == 0 ? 2 : $0 < 4 ? 1 : 5) }))
        writer.set("tokenizer.ggml.unknown_token_id", .uint32(0))
        file = try TinyLanguage.open(writer.encoded()).first
        let tokenizer = try Tokenizer(file), template = try PromptTemplate(support: "{image}{label};", query: "{image}{label};")
        try #require(tokenizer.encode("\u{4E00};") == tokenizer.encode("\u{4E8C};"))
        let error = try #require(throws: LinkError.self) {
            try LanguageLink(model: model, tokenizer: tokenizer, template: template).admit(
                ["\u{4E00}", "a", "\u{4E8C}"], supports: [(0, 2), (1, 2), (2, 2)], query: 2, LanguageLink.Options())
        }
        guard case .labels(let reason) = error else { Issue.record("\(error)"); return }
        #expect(reason.contains("'\u{4E00}' and '\u{4E8C}' are the same tokens"))
    }

    @Test func labels_areRefused_whenOneIsAllOfAnothersBeginning() throws {
        let template = try PromptTemplate(support: "{image}{label};", query: "{image}{label};")
        let error = try #require(throws: LinkError.self) {
            try LanguageLink(model: model, tokenizer: tokenizer, template: template).link(pictures([picture(1), picture(2)], [0, 1], ["a;b", "a"]))
        }
        guard case .labels(let reason) = error else { Issue.record("\(error)"); return }
        #expect(reason.contains("'a' and 'a;b'"))
    }

    @Test func query_isNotAnswered_whenItDoesNotFitBehindTheSupports() throws {
        let linked = try link()
        let scores = try linked.scores([picture(1), picture(2, rows: 600), picture(3)])
        #expect(scores.map { $0 == nil } == [false, true, false])
        #expect(try linked.scores([picture(3)])[0] == scores[2])
    }

    @Test func scores_areTheSameBits_withThePrefixCacheColdWarmAndOff() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("lcl-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let link = try LanguageLink(model: model, tokenizer: tokenizer, template: .chatML), off = try link.link(supports).scores(queries)
        let cache = PrefixCache(directory: directory, limit: 1 << 20)
        for _ in 0..<2 { #expect(try link.link(supports, prefixes: (cache, "m")).scores(queries) == off) }
        #expect(cache.hitsAndMisses == (1, 1))
        // Another model, or another order, is another prefix.
        _ = try link.link(supports, prefixes: (cache, "other"))
        #expect(cache.hitsAndMisses == (1, 2))
        // So is another build's.
        let later = PrefixCache(directory: directory, limit: 1 << 20, program: "the next build")
        #expect(try link.link(supports, prefixes: (later, "m")).scores(queries) == off)
        #expect(later.hitsAndMisses == (0, 1) && PrefixCache.thisProgram.count == 64)
        // A file that was tampered with is read anew.
        for name in try FileManager.default.contentsOfDirectory(atPath: directory) {
            var bytes = try Data(contentsOf: URL(filePath: directory + "/" + name))
            bytes[200] ^= 1
            try bytes.write(to: URL(filePath: directory + "/" + name))
        }
        #expect(try link.link(supports, prefixes: (cache, "m")).scores(queries) == off)
        #expect(cache.hitsAndMisses == (1, 3))
    }

    @Test func prefixCache_staysInsideItsLimit_theLongestUnusedGoing() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("lcl-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let link = try LanguageLink(model: model, tokenizer: tokenizer, template: .chatML), one = try link.link(supports).byteCount
        let cache = PrefixCache(directory: directory, limit: one * 5 / 2)
        for model in ["a", "b", "c"] { _ = try link.link(supports, prefixes: (cache, model)) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 2)
        _ = try link.link(supports, prefixes: (cache, "c"))
        #expect(cache.hitsAndMisses == (1, 3))
        let small = PrefixCache(directory: directory + "-small", limit: one - 1)
        _ = try link.link(supports, prefixes: (small, "a"))
        #expect(!FileManager.default.fileExists(atPath: directory + "-small/a"))
    }

    @Test func freeAnswer_isTheLikeliestTokenAfterToken_untilItIsClosedAsTheSupportsAre() throws {
        var closed = 0
        for closing in (33...122).map({ String(UnicodeScalar($0)) }) {
            let template = try PromptTemplate(opening: "Look.", support: "<{image}={label}\(closing)", query: "<{image}{answer}={label}>")
            let linked = try LanguageLink(model: model, tokenizer: tokenizer, template: template).link(
                pictures([word("k"), word("q")], [0, 1], ["wug", "wuzzle"]))
            let answers = linked.freeAnswers([word("j"), word("z")], limit: 6)
            func spoken(after start: String) -> String {
                var tokens = tokenizer.encode(start), words: [Int] = []
                for _ in 0..<6 {
                    let logs = model.nextLogProbabilities(model.embed(tokens)), best = logs.indices.max { logs[$0] < logs[$1] }!
                    if tokenizer.vocabulary.isControl(best) { break }
                    if tokenizer.decode([best]) == closing {
                        closed += 1
                        break
                    }
                    words.append(best)
                    tokens.append(best)
                }
                return tokenizer.decode(words)
            }
            let orders = ["Look.<k=wug\(closing)<q=wuzzle\(closing)", "Look.<q=wuzzle\(closing)<k=wug\(closing)"].map { text in
                [spoken(after: text + "<j"), spoken(after: text + "<z")]
            }
            #expect(orders.contains(answers))
        }
        #expect(closed > 0)
    }

    @Test(arguments: [
        ("there is \"Cactihog\" in the image.", true), ("a hedgehog", false), ("cactihog or hedgehog", false), ("nothing", false), ("", false),
    ]) func freeAnswer_isRight_whenTheRightLabelOccursAndNoOther(_ words: String, _ right: Bool) {
        #expect(FreeAnswer.isRight(words, label: 0, names: ["cactihog", "hedgehog"]) == right)
    }

    @Test func freeAnswer_isRight_whenOneLabelHoldsTheOther() {
        #expect(FreeAnswer.isRight("a catfish", label: 1, names: ["cat", "catfish"]))
        #expect(!FreeAnswer.isRight("a catfish and a cat", label: 1, names: ["cat", "catfish"]))
    }

    @Test func paperConversation_isThePapers_toTheLetter() throws {
        let linked = try LanguageLink(model: model, tokenizer: tokenizer, template: .paper).link(
            pictures([picture(1), picture(2)], [0, 1], ["wug", "dax"]))
        let turns = [
            "You should find the causal relationship between the examples I am going to show you. And use that to answer to the [FINAL QUESTION]."
                + " USER: [BEGIN EXAMPLE] What is in the image? ASSISTANT: there is \"wug\" in the image. [END EXAMPLE]",
            " USER: [BEGIN EXAMPLE] What is in the image? ASSISTANT: there is \"dax\" in the image. [END EXAMPLE]",
        ]
        // A byte a token, two positions a picture, and the first turn's end; this model has no token that begins a text.
        #expect(linked.length == turns.reduce(0) { $0 + $1.utf8.count } + 2 * 2 + 1)
    }
}
