// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import LCLTensor
import Testing

private let plane = NearestMean(space: FeatureSpace([FeatureSpace.Part(tap: "d0.max", mean: [0, 0, 0])]))
private let calibration = Calibration(
    temperature: 10, unknown: Calibration.Unknown(oneShot: 0.5, reach: 2))

/// Unit-ish vectors whose square roots point where the numbers say.
private func picture(_ x: Float, _ y: Float, _ z: Float = 0) -> [Float] { [x * x, y * y, z * z] }

private func linked(_ features: [[Float]], _ labels: [Int], unknown: UnknownRule = .auto) throws -> LinkedSupport {
    let support = try SupportSet(features: Matrix(features), labels: labels, ways: labels.max()! + 1)
    return try LinkedSupport(support, method: plane, calibration: calibration, unknown: unknown)
}

private let twoLabels = [picture(1, 0), picture(1, 0.1), picture(0, 1), picture(0.1, 1)]

@Test func answer_namesTheNearestLabelAndItsEvidence() throws {
    let support = try linked(twoLabels, [0, 0, 1, 1])
    let answers = support.answer(Matrix([picture(1, 0.2), picture(0, 1)]), nearest: 2)
    #expect(answers.map(\.label) == [0, 1])
    #expect(answers[0].nearest.map(\.support) == [1, 0])
    #expect(answers[1].nearest.map(\.support) == [2, 3])
    #expect(abs(answers[1].nearest[0].similarity - 1) < 1e-6)
    for answer in answers {
        #expect(abs(answer.probabilities.reduce(0, +) - 1) < 1e-12)
        #expect(abs(answer.margin - abs(answer.logits[0] - answer.logits[1])) < 1e-12)
        #expect(answer.probabilities[answer.label] > 0.9)
    }
}

@Test func answer_givesEqualsInOrder_whereSupportsAreTheSamePicture() throws {
    let support = try linked([picture(1, 0), picture(1, 0), picture(1, 0)], [0, 1, 1])
    let answer = support.answer(Matrix([picture(1, 0)]))[0]
    #expect(answer.label == 0 && answer.margin == 0)
    #expect(answer.nearest.map(\.support) == [0, 1, 2])
    #expect(answer.probabilities.allSatisfy { abs($0 - 0.5) < 1e-12 })
}

@Test func unknown_followsTheRule() throws {
    let far = Matrix([picture(0.1, 0.1, 1)]), near = Matrix([picture(1, 0.05)])
    for (rule, farIsUnknown, nearIsUnknown) in [
        (UnknownRule.auto, true, false), (.off, false, false), (.below(0.8), true, false), (.below(1), true, true),
    ] {
        let support = try linked(twoLabels, [0, 0, 1, 1], unknown: rule)
        #expect(support.answer(far)[0].unknown == farIsUnknown)
        #expect(support.answer(near)[0].unknown == nearIsUnknown)
    }
}

@Test func unknown_usesTheStoredThreshold_whereEveryLabelHasOneSupport() throws {
    let support = try linked([picture(1, 0), picture(0, 1)], [0, 1])
    // Cosines to the first support: 0.45 and 0.55, around the threshold: 0.5 above what the labels have in common, nothing.
    let queries = Matrix([picture(0.45, 0, 0.893), picture(0.55, 0, 0.835)])
    #expect(support.answer(queries).map(\.unknown) == [true, false])
}

@Test func check_findsTheMislabelledSupport() throws {
    let features = twoLabels + [picture(0.05, 1), picture(1, 0.05), picture(0.02, 1)]
    let check = try linked(features, [0, 0, 1, 1, 1, 0, 0]).check
    #expect(check.suspects.map(\.support) == [6])
    #expect(check.suspects.first?.looksLike == 1)
    #expect((check.suspects.first?.confidence ?? 0) >= 0.9)
    #expect(abs((check.leaveOneOutAccuracy ?? 0) - 6.0 / 7) < 1e-12)
}

@Test func check_hasNoAccuracy_whereALabelHasOneSupport() throws {
    let check = try linked(twoLabels.dropLast(), [0, 0, 1]).check
    #expect(check.leaveOneOutAccuracy == nil)
    #expect(check.suspects.isEmpty)
}

@Test func answer_isEmpty_whereThereAreNoQueries() throws {
    let support = try linked(twoLabels, [0, 0, 1, 1])
    #expect(support.answer(Matrix(rows: 0, columns: 3)).isEmpty)
    #expect(support.answer(Matrix(rows: 0, columns: 3), transductive: true).isEmpty)
}

@Test func answer_works_whereThereIsOneLabel() throws {
    let answer = try linked([picture(1, 0), picture(1, 0.1)], [0, 0]).answer(Matrix([picture(1, 0)]))[0]
    #expect(answer.label == 0 && abs(answer.probabilities[0] - 1) < 1e-12 && answer.margin == 0)
}

@Test func probabilities_areTheSoftmax() {
    let p = JobCalibration(temperature: 10).probabilities([0.3, 0.1, -.infinity])
    #expect(abs(p[0] - 1 / (1 + 0.1353352832366127)) < 1e-12)
    #expect(p[2] == 0)
}

@Test func confidence_isTrusted_whereSixSupportsCouldBeLeftOut() throws {
    let three = twoLabels + [picture(1, 0.2), picture(0.2, 1)]
    #expect(try linked(three, [0, 0, 1, 1, 0, 1]).check.confidenceTrusted == true)
    #expect(try linked(twoLabels, [0, 0, 1, 1]).check.confidenceTrusted == false)
}

@Test func probabilities_followTheSupports_whereTheseContradictTheModel() {
    let wrongHalfTheTime = SupportTraits(answers: (0..<40).map { .init(logits: [0.9, 0.1], label: $0 % 2) })
    let alwaysRight = SupportTraits(answers: (0..<40).map { _ in .init(logits: [0.9, 0.1], label: 0) })
    func confidence(_ support: SupportTraits) -> Double { calibration.job(support).probabilities([0.9, 0.1])[0] }
    #expect(confidence(wrongHalfTheTime) < 0.78 && confidence(alwaysRight) > 0.97)
    #expect((confidence(wrongHalfTheTime)...confidence(alwaysRight)).contains(confidence(SupportTraits())))
}

@Test func ridge_isTheSame_whicheverSideIsSolved() throws {
    // 20 supports of 3 numbers are solved in the space of the numbers, 2 in that of the supports: half of each label's twice over.
    let space = FeatureSpace([FeatureSpace.Part(tap: "d0.max", mean: [0, 0, 0])])
    let method = RidgeLink(space: space, cohort: Cohort(means: Matrix([[0, 0, 1]])))
    let points = space.embed(Matrix(twoLabels)), labels = [0, 0, 1, 1]
    let few = try method.link(points, labels: labels, ways: 2), many = try method.link(points.gather((0..<40).map { $0 % 4 }), labels: (0..<40).map { labels[$0 % 4] }, ways: 2)
    let queries = space.embed(Matrix([picture(1, 0.3, 0.2), picture(0.1, 1, 2)]))
    let one = few.scores(queries, transductive: false).logits, other = many.scores(queries, transductive: false).logits
    // Ten times the supports weigh ten times as much against the penalty, so only nearly the same.
    for row in 0..<2 { for label in 0..<2 { #expect(abs(one[row, label] - other[row, label]) < 0.06) } }
}

@Test func ridge_treatsLabelsAlike_whateverTheirShots() throws {
    let space = FeatureSpace([FeatureSpace.Part(tap: "d0.max", mean: [0, 0, 0])])
    let method = RidgeLink(space: space, cohort: Cohort(means: Matrix([[0, 0, 1]])))
    let supports = [picture(1, 0)] + (0..<9).map { _ in picture(0, 1) }
    let context = try method.link(space.embed(Matrix(supports)), labels: [0] + [Int](repeating: 1, count: 9), ways: 2)
    let logits = context.scores(space.embed(Matrix([picture(1, 1)])), transductive: false).logits
    #expect(abs(logits[0, 0] - logits[0, 1]) < 0.02, "halfway is halfway")
}
