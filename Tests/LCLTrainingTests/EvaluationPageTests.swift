// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTensor
import LCLTraining
import Testing

private let table = SyntheticTable.make(pictures: [Int](repeating: 14, count: 64), sources: 2, seed: 2)

private func report(_ figures: EvaluationReport.Figures = .all) throws -> EvaluationReport {
    var evaluation = Evaluation()
    evaluation.figures = figures
    evaluation.episodes = 100
    evaluation.shots = [1, 4]
    let training = SyntheticTable.make(pictures: [Int](repeating: 14, count: 64), sources: 2)
    return try evaluation.run(training: training, test: table, sources: ["s0", "s1"], taps: ["d11.max"])
}

@Test func flips_turnTheAnswersAround_withTheLabels() throws {
    let flips = try report().flips
    #expect(flips.filter { $0.shots == 1 }.map(\.flipped) == [0, 100, 0, 100], "half a picture cannot be flipped")
    for source in ["s0", "s1"] {
        let four = flips.filter { $0.shots == 4 && $0.source == source }
        #expect(four.map(\.flipped) == [0, 25, 50, 75, 100])
        #expect(four[0].accuracy > 80 && abs(four[0].accuracy + four[4].accuracy - 100) < 1e-9)
        #expect(four[0].accuracy > four[3].accuracy && four[1].accuracy > four[4].accuracy)
    }
}

@Test func flipsAlone_areTheSame_whenNothingElseIsMeasured() throws {
    let alone = try report(.flip)
    #expect(try alone.flips == report().flips)
    #expect(alone.accuracy.isEmpty && alone.order.isEmpty && alone.unknown.isEmpty && alone.transductive.isEmpty)
    #expect(alone.table.contains("wrong labels") && !alone.table.contains("AUROC"))
}

@Test func accuracyAlone_isTheSame_whenNothingElseIsMeasured() throws {
    let alone = try report(.accuracy)
    #expect(try alone.accuracy == report().accuracy)
    #expect(alone.flips.isEmpty && alone.order.isEmpty && alone.calibration.isEmpty && alone.unknown.isEmpty && alone.transductive.isEmpty)
}

@Test func flippedEpisode_hasTheSamePictures_underOtherLabels() {
    let episode = Episode(supports: [[1, 2], [3, 4], [5, 6]], queries: [(7, 0)])
    #expect(episode.flipped(0).supports == episode.supports)
    #expect(episode.flipped(1).supports == [[5, 2], [1, 4], [3, 6]])
    #expect(episode.flipped(2).supports == [[5, 6], [1, 2], [3, 4]])
    #expect(episode.reversed.supports == [[2, 1], [4, 3], [6, 5]])
    let turned = episode.rotated(by: 1)
    #expect(turned.supports == [[5, 6], [1, 2], [3, 4]] && turned.queries.map(\.label) == [1] && turned.queries.map(\.row) == [7])
    #expect(episode.rotated(by: 3).supports == episode.supports)
}

@Test func order_changesNoAnswer_ofTheNearestMean() throws {
    let order = try report().order
    #expect(order.count == 4 && order.allSatisfy { $0.changed == 0 })
}

@Test func reliabilityBins_holdEveryAnswer_andMakeTheError() throws {
    for cell in try report().calibration {
        #expect(cell.bins.reduce(0) { $0 + $1.answers } == 100)
        #expect(cell.bins.map(\.confidence) == cell.bins.map(\.confidence).sorted())
        let error = cell.bins.reduce(0) { $0 + abs($1.accuracy - $1.confidence) * Double($1.answers) / 100 }
        #expect(abs(error - cell.error) < 1e-9)
    }
}

@Test func rocCurve_goesFromNothingToEverything() throws {
    for cell in try report().unknown {
        #expect(cell.curve.first == [0, 0] && cell.curve.last == [100, 100])
        for axis in [0, 1] { #expect(cell.curve.map { $0[axis] } == cell.curve.map { $0[axis] }.sorted()) }
    }
}

@Test func page_isCompleteInItself() throws {
    let page = try report().page
    #expect(page.components(separatedBy: "<svg").count == 3 && page.components(separatedBy: "<polyline").count == 9)
    #expect(page.components(separatedBy: "http").count == 3, "only the name space of the two drawings")
    #expect(page.contains("accuracy with supports under wrong labels") && !page.contains("nan"))
}
