// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel
import LCLTensor
import Testing

private let plane = NearestMean(space: FeatureSpace([FeatureSpace.Part(tap: "d0.max", mean: [0, 0, 0])]))
private let calibration = Calibration(
    temperature: 10, unknown: Calibration.Unknown(oneShot: 0.5, offset: -0.1, slope: 0.9))

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
        #expect(answer.probabilities[answer.label] > 0.99)
    }
}

@Test func answer_givesEqualsInOrder_whereSupportsAreTheSamePicture() throws {
    let support = try linked([picture(1, 0), picture(1, 0), picture(1, 0)], [0, 1, 1])
    let answer = support.answer(Matrix([picture(1, 0)]))[0]
    #expect(answer.label == 0 && answer.margin == 0)
    #expect(answer.nearest.map(\.support) == [0, 1, 2])
    #expect(answer.probabilities == [0.5, 0.5])
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
    // Cosines to the first support: 0.45 and 0.55, around the threshold of 0.5.
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
    #expect(answer.label == 0 && answer.probabilities == [1] && answer.margin == 0)
}

@Test func probabilities_areTheSoftmax() {
    let p = calibration.probabilities([0.3, 0.1, -.infinity])
    #expect(abs(p[0] - 1 / (1 + 0.1353352832366127)) < 1e-12)
    #expect(p[2] == 0)
}
