// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLLink
import LCLModel
import LCLWorker
import TestModels
import TestPictures
import Testing

/// Jobs answered by a tiny LLaVA of invented weights: what it says means nothing, that it always says the same does.
struct LanguageJobTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent("lcl-\(UUID().uuidString)")

    /// Pictures in memory; counts how many were asked for.
    private struct Pictures: PictureSource {
        func read(_ path: String, upTo limit: Int) throws(Failure) -> [UInt8] {
            let parts = path.split(separator: "-").compactMap { Int($0) }
            guard parts.count == 2 else { throw Failure(.imageMissing, "'\(path)' is not there", subject: path) }
            return TestPictures.picture(class: parts[0], instance: parts[1], side: 40).png()
        }
    }

    private static func manifest(_ edit: (inout Manifest) -> Void = { _ in }) -> Manifest {
        var manifest = Manifest(
            model: "tiny", method: .mllm, labels: (0..<2).map { index in .init(name: "class \(index)", support: (0..<3).map { "\(index)-\($0)" }) },
            queries: .list((3..<12).flatMap { i in ["0-\(i)", "1-\(i)"] }.map { .init(id: $0, image: $0) }))
        edit(&manifest)
        return manifest
    }

    private func answer(_ manifest: Manifest, threads: Int = 1, prefixes: PrefixCache? = nil) throws -> JobResult {
        var classification = Classification(job: JobID("job")!, manifest: manifest, source: Pictures())
        (classification.models, classification.threads, classification.prefixes) = (directory.path, threads, prefixes)
        return try classification.run()
    }

    private func withModel<R>(
        language: [UInt8] = TinyLanguage.encoded(), card: (inout LanguageCard) -> Void = { _ in }, _ body: () throws -> R
    ) throws -> R {
        defer { try? FileManager.default.removeItem(at: directory) }
        try TestModels.makeTiny(in: directory, language: language, card: card)
        return try body()
    }

    @Test func result_isTheSameBytes_whateverTheBatchThreadsAndCaches() throws {
        try withModel {
            let whole = try answer(Self.manifest { $0.options.orders = 2 })
            let cache = PrefixCache(directory: directory.path + "/kept", limit: 1 << 30)
            #expect(whole.queries.count == 18 && whole.queries.allSatisfy { $0.answer != nil })
            #expect(try answer(Self.manifest { $0.options.orders = 2 }, threads: 3) == whole)
            for _ in 0..<2 { #expect(try answer(Self.manifest { $0.options.orders = 2 }, prefixes: cache) == whole) }
            #expect(cache.hitsAndMisses == (2, 2))
            let runner = try ModelShelf(directory: directory.path).runner(for: "tiny")
            let job = try runner.link(Self.manifest { $0.options.orders = 2 }, from: Pictures(), together: 32)
            for batch in [1, 5] {
                var verdicts: [Int: Verdict] = [:]
                let queries = whole.queries.enumerated().map { Numbered(ordinal: $0.offset, value: Manifest.Query(id: $0.element.id, image: $0.element.image)) }
                try runner.answer(queries.reversed(), of: job, from: Pictures(), batch: batch, emit: { for one in $0 { verdicts[one.ordinal] = one.value } })
                #expect(whole.queries.indices.map { verdicts[$0] } == whole.queries)
            }
        }
    }

    @Test func result_saysHowTheSupportsWereRead() throws {
        try withModel {
            let one = try answer(Self.manifest()), many = try answer(Self.manifest { $0.options.orders = 4 })
            #expect(one.method == .mllm && one.support.leaveOneOutAccuracy == nil && one.support.suspects.isEmpty)
            let report = try #require(one.conversation)
            // Chat turns of single bytes around 4 positions a picture.
            #expect(report.template == "chat" && report.orders == 1 && report.orderSensitivity == nil && report.positions > 6 * 4)
            #expect(one.queries.allSatisfy { $0.answer?.orderSensitivity == nil })
            #expect(many.queries.allSatisfy { [0, 0.25, 0.5, 0.75].contains($0.answer?.orderSensitivity) })
            let mean = many.queries.reduce(0.0) { $0 + ($1.answer?.orderSensitivity ?? 0) } / 18
            #expect(abs(try #require(many.conversation?.orderSensitivity) - mean) < 1e-6)
        }
    }

    @Test func supports_areReadInAsManyOrdersAsTheCardSays_whereTheJobSaysNothing() throws {
        var several: JobResult?
        try withModel(card: { $0.orders = 3 }) {
            several = try answer(Self.manifest())
            #expect(several?.conversation?.orders == 3)
            #expect(try answer(Self.manifest { $0.options.orders = 1 }).conversation?.orders == 1)
        }
        try withModel { () throws -> Void in #expect(try answer(Self.manifest { $0.options.orders = 3 }).queries == several?.queries) }
        for orders in [0, 65] {
            #expect(throws: ModelError.self) { try withModel(card: { $0.orders = orders }) {} }
        }
    }

    @Test func answer_hasProbabilities_andItsNearestSupports() throws {
        try withModel {
            let result = try answer(Self.manifest { $0.queries = .list([.init(id: "same", image: "0-1"), .init(id: "other", image: "1-9")]) })
            for verdict in result.queries {
                let answer = try #require(verdict.answer)
                #expect(abs(answer.scores.reduce(0) { $0 + $1.probability } - 1) < 1e-5 && answer.nearest.count == 3)
                #expect(answer.label == answer.scores[0].label && answer.margin >= 0 && !answer.unknown)
            }
            #expect(result.queries[0].answer?.nearest.first == .init(image: "0-1", label: "class 0", similarity: 1))
        }
    }

    @Test(arguments: [LanguageCard.Names.own, .invented]) func labelsNames_countForNothing_onlyWhereTheModelHasItsOwn(_ names: LanguageCard.Names) throws {
        func logits(_ called: [String]) throws -> [[Double]] {
            let result = try answer(Self.manifest { for index in 0..<2 { $0.labels[index].name = called[index] } })
            return try result.queries.map { query in
                let scores = try #require(query.answer).scores
                return try called.map { name in try #require(scores.first { $0.label == name }).logit }
            }
        }
        try withModel(language: TinyLanguage.encoded(syllables: true), card: { $0.names = names }) {
            let short = try logits(["a", "b"]), long = try logits(["longer", "another"])
            #expect((short == long) == (names == .invented))
        }
    }

    @Test func labels_areRefused_whenTheModelHasTooFewWordsForThem() throws {
        let many = Self.manifest { $0.labels = (0..<400).map { .init(name: "class \($0)", support: ["\($0)-0"]) } }
        try withModel(language: TinyLanguage.encoded(syllables: true), card: { $0.names = .invented }) {
            let failure = try #require(throws: Failure.self) { try answer(many) }
            #expect(failure.code == .supportTooLarge && failure.message.contains("400 labels are more than the"), "\(failure)")
        }
        try withModel(card: { $0.names = .invented }) { () -> Void in #expect(throws: (any Error).self) { try answer(Self.manifest()) } }
    }

    @Test func unknown_isNeverSaid_butBelowAConfidence() throws {
        try withModel {
            let auto = try answer(Self.manifest()), strict = try answer(Self.manifest { $0.options.unknown = .below(1) })
            #expect(auto.counts.unknown == 0 && strict.counts.unknown == 18)
        }
    }

    @Test func supportSet_isRefusedWithTheNumbers_beforeAPictureIsRead() throws {
        try withModel(card: { $0.context = 300 }) {
            let absent = Self.manifest { $0.labels = (0..<2).map { index in .init(name: "class \(index)", support: (0..<3).map { "absent \(index) \($0)" }) } }
            let failure = try #require(throws: Failure.self) { try answer(absent) }
            #expect(failure.code == .supportTooLarge && failure.message.contains("more than the model's 300"))
        }
    }

    @Test func job_isRefused_whenItAsksForWhatAConversationCannot() throws {
        try withModel {
            for edit: (inout Manifest) -> Void in [{ $0.options.transductive = true }, { $0.method = .metric }] {
                let failure = try #require(throws: Failure.self) { try answer(Self.manifest(edit)) }
                #expect(failure.code == .methodUnsupported)
            }
        }
    }

    @Test func ownMethod_isUsed_whenTheJobLeavesItOpen() throws {
        try withModel {
            let open = try answer(Self.manifest { $0.method = .link })
            #expect(open.method == .mllm)
            #expect(try open.queries == answer(Self.manifest()).queries)
        }
    }

    @Test func nothingIsSaid_ofAModelThatChangedMeanwhile() throws {
        try withModel {
            let shelf = ModelShelf(directory: directory.path, isWatchful: true), file = directory.appending(path: "tiny/language.gguf")
            var said: [WorkerReply] = [], changes = true
            var program = WorkerProgram(shelf: shelf, pictures: Pictures()) { reply in
                said.append(reply)
                guard case .began(let ordinals) = reply, !ordinals.isEmpty, changes else { return }
                let handle = try FileHandle(forWritingTo: file)
                try handle.seekToEnd()
                try handle.write(contentsOf: Data([0]))
            }
            let slice = WorkerRequest.slice(.init(
                job: JobID("job")!, run: 1, manifest: Self.manifest(), queries: [.init(ordinal: 0, value: .init(id: "0-3", image: "0-3"))], batch: 8))
            #expect(throws: (any Error).self) { try program.answer(slice) }
            #expect(!said.contains { if case .verdicts = $0 { true } else { false } })
            // Loaded anew, it is found not to be what its card says.
            (said, changes) = ([], false)
            try program.answer(slice)
            guard case .failed(let failure)? = said.last else { Issue.record("\(said)"); return }
            #expect(failure.code == .modelDamaged)
            #expect(said.dropLast().allSatisfy { if case .began(let ordinals) = $0 { ordinals.isEmpty } else { false } })
        }
    }

    @Test(arguments: [LanguageCard.Calibration.contentFree, .none]) func job_failsByItsModel_whenAScoreIsNoNumber(_ calibration: LanguageCard.Calibration) throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = try TinyLanguage.open().first
        var writer = GGUFWriter(architecture: "llama")
        for (key, value) in file.metadata { writer.set(key, value) }
        for tensor in file.tensors {
            var values = try file.floats(tensor: tensor.name, shape: tensor.shape)
            if tensor.name == "output_norm.weight" { values[3] = .nan }
            writer.add(tensor: tensor.name, shape: tensor.shape, values: values, as: tensor.type)
        }
        try TestModels.makeTiny(in: directory, language: writer.encoded()) { $0.calibration = calibration }
        var said: [WorkerReply] = []
        var program = WorkerProgram(shelf: ModelShelf(directory: directory.path), pictures: Pictures()) { said.append($0) }
        try program.answer(.slice(.init(
            job: JobID("job")!, run: 1, manifest: Self.manifest(), queries: [.init(ordinal: 0, value: .init(id: "0-3", image: "0-3"))], batch: 8)))
        guard case .failed(let failure)? = said.last else { Issue.record("\(said)"); return }
        #expect(failure.code == .modelDamaged && failure.message.contains("'tiny'"))
    }

    @Test func loading_saysThatItLives() throws {
        try withModel {
            var words = 0
            _ = try ModelShelf(directory: directory.path).runner(for: "tiny", alive: { words += 1 })
            #expect(words >= 2)
        }
    }

    @Test(arguments: ["paper", "compact"]) func templates_giveOtherScores(_ name: String) throws {
        let job = Self.manifest { $0.labels = $0.labels.map { .init(name: $0.name, support: [$0.support[0]]) } }
        let chat = try withModel { try answer(job) }
        let other = try withModel(card: { $0.template = .named(name) }) { try answer(job) }
        #expect(other.conversation?.template == name && other.queries != chat.queries)
    }
}
