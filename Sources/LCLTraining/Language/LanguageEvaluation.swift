// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import LCLTensor

/// Measures a language model that reads supports as a conversation, on episodes drawn as for the other methods. Nothing is fitted, so
/// nothing is held out.
public struct LanguageEvaluation: Sendable {
    public var counting = LanguageProtocol.forcedChoice
    public var options = LinkOptions()
    public var ways = 2
    public var shots = [1, 4]
    public var negatives = Negatives.hard
    public var episodes = 100
    public var seed: UInt64 = 1
    public var figures = EvaluationReport.Figures.all

    public init() {}

    /// - Parameters:
    ///   - tree: of pictures of the test classes.
    ///   - progress: told each source as it begins.
    /// - Returns: the report, and why pictures were left out.
    public func run(
        _ model: ConversationModel, on tree: PictureTree, sources: [String]? = nil, progress: (String) -> Void = { _ in }
    ) throws -> (report: EvaluationReport, skipped: [String: String]) {
        let stage = LanguageStage(model, paths: tree.pictures, counting: counting, options: options)
        var report = EvaluationReport(
            method: counting == .paper ? "mllm, free answers" : "mllm", taps: [], ways: ways, negatives: negatives, episodes: episodes, seed: seed, heldOut: false)
        for source in sources ?? Array(Set(tree.classes.map(\.source))).sorted() {
            progress(source)
            let table = table(tree, source, stage)
            let sampler = EpisodeSampler(table, classes: table.classes, mean: table.features.meanRow())
            for shots in shots where sampler.isFeasible(shots: shots) { try measure(stage, sampler, source, shots, into: &report) }
        }
        return (report, stage.failures)
    }

    /// The pictures of one source, with the mean of each one's embedding where that is needed.
    private func table(_ tree: PictureTree, _ source: String, _ stage: LanguageStage) -> FeatureTable {
        var classes: [FeatureTable.Class] = [], row = 0
        var features = Matrix(rows: tree.pictures.count, columns: negatives == .hard ? stage.model.link.model.configuration.width : 1)
        for group in tree.classes {
            var rows = Array(row..<row + group.pictures.count)
            row += rows.count
            guard group.source == source else { continue }
            if negatives == .hard {
                rows = rows.filter { row in
                    guard let likeness = stage.likeness(row) else { return false }
                    features.withMutableRow(row) { _ = $0.update(fromContentsOf: likeness) }
                    return true
                }
            }
            classes.append(FeatureTable.Class(source: source, name: group.name, rows: rows))
        }
        return FeatureTable(taps: [EpisodeSampler.miningTap], widths: [features.columnCount], features: features, classes: classes)
    }

    private func measure(
        _ stage: LanguageStage, _ sampler: EpisodeSampler, _ source: String, _ shots: Int, into report: inout EvaluationReport
    ) throws {
        let drawn = draw(sampler, source, shots, count: episodes), robust = Array(drawn.prefix(max(1, episodes * 2 / 5)))
        let plain = try (figures == .flip ? robust : drawn).map(stage.answer)
        if figures != .flip {
            let cell = EvaluationReport.Cell(source: source, shots: shots, negatives: negatives)
            report.accuracy.append(.init(cell, drawings: [plain.flatMap(\.hits)]))
        }
        if figures != .accuracy { report.flips += try stage.flips(robust, plain: Array(plain.prefix(robust.count)), source: source, shots: shots) }
        if figures == .all { report.order.append(try stage.order(robust, plain: plain, source: source, shots: shots)) }
    }

    private func draw(_ sampler: EpisodeSampler, _ source: String, _ shots: Int, count: Int) -> [Episode] {
        let shape = EpisodeSampler.Shape(ways: ways, shots: shots, negatives: negatives)
        var random = SeededRandom(seed: seed, source.utf8.reduce(0) { $0 &* 31 &+ Int($1) }, ways, shots), drawn: [Episode] = []
        while drawn.count < count, let episode = sampler.episode(shape, &random) {
            // Each label is asked about as often as another: a model may prefer one of them, whatever it sees.
            drawn.append(episode.rotated(by: drawn.count % ways))
        }
        return drawn
    }
}
