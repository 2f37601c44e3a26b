// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor
import Testing

/// Goldens/link.json, written by the script beside it.
private struct Golden: Decodable {
    let labels: [Int]
    let support: [[Float]]
    let queries: [[Float]]
    let means: [[Float]]
    let maps: [[[Float]]]
    let cohort: [[Float]]
    let prototype: Scores
    let metric: Scores

    struct Scores: Decodable {
        let logits: [[Float]]
        let similarities: [[Float]]
        let leftOut: [[Float]]
        let transductive: [[Float]]
        let likeness: [Float]
        let own: [Float]
        let other: [Float]
    }

    static func load() throws -> Golden {
        let file = try #require(Bundle.module.url(forResource: "link", withExtension: "json", subdirectory: "Goldens"))
        return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
    }

    func linking(_ method: LinkModel.Method) -> any LinkMethod {
        let space = FeatureSpace(means.indices.map {
            FeatureSpace.Part(tap: "d\($0).max", mean: means[$0], map: method == .metric ? Matrix(maps[$0]) : nil)
        })
        return method == .metric ? RidgeLink(space: space, cohort: Cohort(means: Matrix(cohort))) : NearestMean(space: space)
    }

    func supportSet() throws -> SupportSet {
        try SupportSet(features: Matrix(support), labels: labels, ways: 3)
    }
}

private func worst(_ ours: [Float], _ golden: [Float]) -> Float { worst(Matrix([ours]), [golden]) }

private func worst(_ ours: Matrix, _ golden: [[Float]]) -> Float {
    var worst: Float = ours.rowCount == golden.count ? 0 : .infinity
    for (row, expected) in golden.enumerated() {
        for (value, wanted) in zip(ours.row(row), expected) { worst = max(worst, abs(value - wanted)) }
    }
    return worst
}

@Test(arguments: [LinkModel.Method.prototype, .metric])
func scores_matchTheDefinition(method: LinkModel.Method) throws {
    let golden = try Golden.load()
    let expected = method == .metric ? golden.metric : golden.prototype
    let linking = golden.linking(method), context = try linking.link(golden.supportSet())
    let queries = linking.space.embed(Matrix(golden.queries))
    let scores = context.scores(queries, transductive: false), leftOut = context.leftOut()
    // Cosines of unit vectors of 53 elements: a few rounding errors of 1; a cohort is kept in half precision.
    let close: Float = method == .metric ? 2e-4 : 2e-6
    #expect(worst(scores.logits, expected.logits) < close && worst(scores.likeness, expected.likeness) < close)
    #expect(worst(scores.similarities, expected.similarities) < 2e-6)
    #expect(worst(leftOut.logits, expected.leftOut) < close && worst(leftOut.own, expected.own) < close && worst(leftOut.other, expected.other) < close)
    let together = context.scores(queries, transductive: true)
    #expect(worst(together.logits, expected.transductive) < max(close, 5e-6))
    #expect(worst(together.logits, expected.logits) > 1e-3, "the queries move the prototypes")
}

@Test(arguments: [LinkModel.Method.prototype, .metric])
func scores_areTheSameToTheLastBit_whateverComesWithThem(method: LinkModel.Method) throws {
    let golden = try Golden.load()
    let linking = golden.linking(method), context = try linking.link(golden.supportSet())
    let queries = (0..<67).map { golden.queries[$0 % golden.queries.count].map { $0 * Float(1 + Double(1) / 3) } }
    let all = context.scores(linking.space.embed(Matrix(queries)), transductive: false)
    for count in [1, 2, 3, 5, 8, 13, 31, 32, 33] {
        for start in [0, 7, 67 - count] {
            let some = context.scores(linking.space.embed(Matrix(Array(queries[start..<start + count]))), transductive: false)
            for row in 0..<count {
                #expect(some.logits.row(row).map(\.bitPattern) == all.logits.row(start + row).map(\.bitPattern))
                #expect(some.likeness[row].bitPattern == all.likeness[start + row].bitPattern)
                #expect(some.similarities.row(row).map(\.bitPattern) == all.similarities.row(start + row).map(\.bitPattern))
            }
        }
    }
}

@Test func transduction_holds_whenAllOfManyQueriesAreOfOneLabel() throws {
    // Two labels 60 degrees apart, 500 queries within 24 degrees of the first. Were each query to weigh 0.3, however many
    // there are, the second prototype would be dragged among them and take half of them.
    let space = FeatureSpace([FeatureSpace.Part(tap: "d0.max", mean: [0, 0, 0])])
    let support = try SupportSet(features: Matrix([[1, 0, 0], [0.25, 0.75, 0]]), labels: [0, 1], ways: 2)
    let context = try NearestMean(space: space).link(support)
    let queries = Matrix((0..<500).map { [1, Float($0) / 2500, 0.1] })
    let together = context.scores(space.embed(queries), transductive: true).logits
    #expect((0..<500).allSatisfy { together[$0, 0] > together[$0, 1] })
}

@Test func leaveOneOut_isMinusInfinity_whereALabelHasOneSupport() throws {
    let space = FeatureSpace([FeatureSpace.Part(tap: "d0.max", mean: [0, 0])])
    let support = try SupportSet(features: Matrix([[1, 0], [0, 1], [0.1, 1]]), labels: [0, 1, 1], ways: 2)
    let leftOut = try NearestMean(space: space).link(support).leftOut().logits
    #expect(leftOut[0, 0] == -.infinity)
    #expect(leftOut[1, 1] > 0.9 && leftOut[0, 1] < 0.5)
}

@Test func link_refuses_featuresOfAnotherWidth() throws {
    let space = FeatureSpace([FeatureSpace.Part(tap: "d0.max", mean: [0, 0, 0])])
    let support = try SupportSet(features: Matrix([[1, 0], [0, 1]]), labels: [0, 1], ways: 2)
    #expect(throws: LinkError.features(expected: 3, found: 2)) { try NearestMean(space: space).link(support) }
}

@Test func supportSet_refuses_labelsThatDoNotFit() {
    let features = Matrix([[1, 0], [0, 1]])
    #expect(throws: LinkError.self) { try SupportSet(features: features, labels: [0], ways: 1) }
    #expect(throws: LinkError.self) { try SupportSet(features: features, labels: [0, 2], ways: 2) }
    #expect(throws: LinkError.self) { try SupportSet(features: features, labels: [0, 0], ways: 2) }
    #expect(throws: LinkError.self) { try SupportSet(features: features, labels: [0, -1], ways: 2) }
}

@Test func embed_leavesZeros_whereAFeatureIsTheMean() {
    let space = FeatureSpace([FeatureSpace.Part(tap: "d0.max", mean: [1, 2]), FeatureSpace.Part(tap: "d1.max", mean: [0])])
    let row = space.embed(Matrix([[1, 4, 9]])).row(0)
    #expect(row[0] == 0 && row[1] == 0)
    #expect(abs(row[2] - Float(0.5).squareRoot()) < 1e-6)
}
