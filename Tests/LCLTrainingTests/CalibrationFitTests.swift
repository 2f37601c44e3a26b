// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLTraining
import Testing

@Test func temperature_isRecovered_fromAnswersDrawnAtIt() {
    // With two labels 0.2 apart, at temperature 12 the first is right 1 / (1 + exp(-2.4)) = 91.68 % of the time.
    let logits = [0.6, 0.4]
    let trials = (0..<10_000).map { Trial(logits: [logits], truths: [$0 < 9168 ? 0 : 1], likeness: [0.6]) }
    #expect(abs(CalibrationFit.temperature(trials) - 12) < 0.05)
}

@Test func median_isFound_whereEveryJobHasItsOwnTemperature() {
    // Answers are right as often as at temperature 8; where supports are silent, the prior has to say so.
    let margin = 0.2, share = 1 / (1 + exp(-8 * margin))
    func trials(_ answers: [SupportTraits.Answer]) -> [Trial] {
        (0..<1000).map { index in
            Trial(logits: [[0.6, 0.4]], truths: [Double(index) < share * 1000 ? 0 : 1], likeness: [0.6], support: SupportTraits(answers: answers))
        }
    }
    let silent = CalibrationFit.fit(trials([]))
    #expect(abs(silent.job(SupportTraits()).probabilities([0.6, 0.4])[0] - share) < 0.01, "the mean over the prior is what was seen")
    let heard = (0..<100).map { SupportTraits.Answer(logits: [0.6, 0.4], label: Double($0) < share * 100 ? 0 : 1) }
    let far = Calibration(temperature: 60, unknown: .init(oneShot: 0, reach: 0)).job(SupportTraits(answers: heard))
    #expect(abs(far.probabilities([0.6, 0.4])[0] - share) < 0.02, "a hundred supports outweigh a prior that is wrong")
}

@Test func unknown_givesUpItsShare_ofTheLabelsOwnQueries() {
    var random = SeededRandom(seed: 3)
    func uniform() -> Double { Double(random.below(1 << 30)) / Double(1 << 30) }
    let trials = (0..<4000).map { index -> Trial in
        let known = index % 2 == 0, middle = 0.3 + 0.5 * uniform(), width = 0.05 + 0.1 * uniform()
        func likeness() -> Double { middle + width * (uniform() - 0.5) }
        let support = SupportTraits(own: known ? (0..<40).map { _ in likeness() } : [], other: (0..<40).map { _ in middle })
        return Trial(logits: [[1, 0]], truths: [0], likeness: [likeness()], support: support)
    }
    let unknown = CalibrationFit.unknown(trials)
    for known in [true, false] {
        let group = trials.filter { ($0.support.cohesion != nil) == known }
        let given = group.count { $0.likeness[0] < unknown.threshold($0.support) }
        #expect(abs(Double(given) / Double(group.count) - CalibrationFit.givenUp) < 0.005)
    }
    #expect(unknown.reach > 0 && unknown.oneShot < 0)
}
