// SPDX-License-Identifier: Apache-2.0
import LCLTraining
import Testing

@Test func interval95_isTheNormalApproximation() {
    let (mean, half) = interval95([0, 100, 100, 100])
    #expect(mean == 75)
    #expect(abs(half - 1.96 * 43.30127018922193 / 2) < 1e-9)
}

@Test func areaUnderCurve_countsPairs() {
    #expect(areaUnderCurve(positives: [3, 4], negatives: [1, 2]) == 1)
    #expect(areaUnderCurve(positives: [1, 2], negatives: [3, 4]) == 0)
    #expect(areaUnderCurve(positives: [1, 3], negatives: [2, 2]) == 0.5)
    #expect(areaUnderCurve(positives: [1, 1], negatives: [1]) == 0.5)
    #expect(areaUnderCurve(positives: [1, 2, 3], negatives: [2]) == 0.5)
}
