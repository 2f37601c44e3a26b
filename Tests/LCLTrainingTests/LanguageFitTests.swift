// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor
import LCLTraining
import Testing

private let table = SyntheticTable.make(pictures: [Int](repeating: 10, count: 40), sources: 2)
private let space = FeatureSpace([FeatureSpace.Part(tap: "d11.max", mean: [Float](repeating: 0.9, count: 12))])

private func fit(_ strategy: LinkStrategy = .few) -> LanguageFit {
    var fit = LanguageFit(strategy)
    (fit.epochs, fit.validationLessons, fit.warmUp, fit.rate) = (3, 20, 2, 1e-2)
    return fit
}

private func learn(_ fit: LanguageFit) throws -> (learned: LanguageFit.Learned, curve: LearningCurve) {
    let file = LanguageTrainingGolden.file
    return try fit.run(table, space: space, model: LanguageMatrices(file), tokenizer: Tokenizer(file.first), identity: "tiny")
}

private func folder() throws -> String {
    let path = NSTemporaryDirectory() + "lcl-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
}

struct LanguageFitTests {
    @Test func training_lowersTheLossOfItsLessons() throws {
        let curve = try learn(fit()).curve
        #expect(curve.points.count == 4)
        #expect(try #require(curve.points[3].loss) < #require(curve.points[1].loss))
    }

    @Test func paperStrategies_train_onTheClassesOwnNames() throws {
        for strategy in [LinkStrategy.twoWay, .mix] {
            var fit = fit(strategy)
            fit.epochs = 1
            let point = try #require(try learn(fit).curve.points.last)
            #expect(try #require(point.loss).isFinite && point.validationLoss.isFinite)
        }
    }

    @Test func fit_isTheSameBits_withAnyThreads() throws {
        var threaded = fit()
        threaded.threads = 2
        #expect(try learn(threaded).learned.adapterFile(architecture: "llama") == learn(fit()).learned.adapterFile(architecture: "llama"))
    }

    @Test func interruptedFit_endsAsTheUninterruptedOne() throws {
        let folder = try folder(), file = LanguageTrainingGolden.file
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let whole = try learn(fit())
        // What a fit that ended after its first epoch leaves behind.
        var fit = fit()
        fit.checkpoints = try FolderJournal(folder)
        let (kept, held) = EpisodicFit.split(table.classes, every: fit.validationEvery, seed: fit.seed)
        var halted = try LanguageTraining(fit, table, kept: kept, held: held, space: space, model: LanguageMatrices(file), Tokenizer(file.first))
        _ = halted.runEpoch { _ in }
        let curve = LearningCurve(points: Array(whole.curve.points.prefix(2)))
        _ = try learn(fit)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
        let latest = try #require(files.first { !$0.hasSuffix("-best.gguf") })
        try Data(halted.checkpoint(curve).encoded()).write(to: URL(filePath: "\(folder)/\(latest)"))
        let resumed = try learn(fit)
        #expect(resumed.curve == whole.curve)
        #expect(resumed.learned.adapterFile(architecture: "llama") == whole.learned.adapterFile(architecture: "llama"))
    }
}

struct LearnedFilesTests {
    private let parameters = try! LanguageTrainingGolden.parameters()

    private func write(_ bytes: [UInt8]) throws -> GGUFFile {
        let path = NSTemporaryDirectory() + "lcl-\(UUID().uuidString).gguf"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(bytes).write(to: URL(filePath: path))
        return try GGUFFile(path: path)
    }

    /// The answer's loss is minus its log-probability; the adapter's file keeps halves.
    @Test func adaptedModel_scoresAsItWasTrained() throws {
        var halves = parameters
        halves.tensors = parameters.tensors.map { $0.map { Float(Float16($0)) } }
        let learned = LanguageFit.Learned(parameters: halves, space: space), tokens = [0, 7, 31, 8, 60, 2, 9, 44, 12]
        let adapter = try LanguageAdapter(write(learned.adapterFile(architecture: "llama")))
        let model = try LanguageModel(LanguageTrainingGolden.file, adapter: adapter), plain = try LanguageModel(LanguageTrainingGolden.file)
        let found = model.logProbabilities(tokens), student = try LanguageTrainingGolden.student()
        for position in 0..<tokens.count - 1 {
            var sequence = LanguageSequence()
            sequence.append(tokens: tokens)
            sequence.answers = [.init(position: position, token: tokens[position + 1], weight: 1)]
            let outcome = student.outcome(
                [sequence], pictures: Matrix(rows: 1, columns: 20), halves, counts: LanguageCounts([sequence]), gradient: false)
            #expect(abs(outcome.answerLoss + Double(found[position])) < 1e-3)
        }
        #expect(zip(found, plain.logProbabilities(tokens)).contains { abs($0 - $1) > 0.1 }, "the adapter changes something")
    }

    @Test func adapter_isRefused_withAModelItWasNotMadeFor() throws {
        var blocks = parameters.blocks
        blocks.append(blocks[0])
        let learned = LanguageFit.Learned(parameters: AdapterParameters(projector: parameters.projector, blocks: blocks), space: space)
        let adapter = try LanguageAdapter(write(learned.adapterFile(architecture: "llama")))
        #expect(throws: ModelError.self) { try LanguageModel(LanguageTrainingGolden.file, adapter: adapter) }
    }

    /// With the default model's encoder and space.
    @Test func projectedEncoder_seesAsItWasTrained() throws {
        let directory = try ModelDirectory(
            path: URL(filePath: #filePath).deletingLastPathComponent().path + "/../../var/lib/lcld/models/default")
        let network = try directory.loadEncoder().network, taps = try directory.encoder().taps.compactMap(Tap.init), model = try LanguageMatrices(LanguageTrainingGolden.file)
        let space = FeatureSpace(
            taps.map { tap in
                let inputs = EfficientNetLite0.dimension(of: tap)!
                var map = Matrix(rows: 24, columns: inputs)
                for row in 0..<24 { map[row, row * 7] = 1 }
                return FeatureSpace.Part(tap: tap.description, mean: [Float](repeating: 0.3, count: inputs), map: map)
            })
        var random = SeededRandom(seed: 3)
        let means = Matrix(rows: 60, columns: space.width, (0..<60 * space.width).map { _ in Float(random.below(1000)) / 1000 })
        var learned = try AdapterParameters(model, means: means, rank: 8, seed: 1)
        learned.projector.gain = learned.projector.gain.map { _ in 1.5 }
        learned.projector.shift = learned.projector.shift.map { _ in 0.25 }
        let file = try write(LanguageFit.Learned(parameters: learned, space: space).projectorFile()), encoder = try directory.open(directory.encoder().file)
        let squares = (0..<2).map { picture in (0..<224 * 224 * 3).map { UInt8(truncatingIfNeeded: $0 / 7 * (picture + 3)) } }
        let features = squares.flatMap { $0 }.withUnsafeBufferPointer { VisionEncoder(network: network, taps: taps).features($0, count: 2) }
        let expected = learned.projector(space.embed(features)).0, found = try VisionModel(encoder, projector: file).embeddings(squares)
        for (index, rows) in found.enumerated() {
            #expect(rows.rowCount == 1)
            #expect(zip(rows.row(0), expected.row(index)).allSatisfy { abs($0 - $1) < 1e-3 })
        }
    }
}
