// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLTraining
import Testing

@Test func temperature_isRecovered_fromAnswersDrawnAtIt() {
    // With two labels 0.2 apart, at temperature 12 the first is right 1 / (1 + exp(-2.4)) = 91.68 % of the time.
    let logits = [0.6, 0.4]
    let trials = (0..<10_000).map { Trial(logits: [logits], truths: [$0 < 9168 ? 0 : 1], cohesion: nil) }
    #expect(abs(CalibrationFit.fit(trials).temperature - 12) < 0.05)
}

@Test func unknown_givesUpItsShare_ofTheLabelsOwnQueries() {
    var random = SeededRandom(seed: 3)
    func uniform() -> Double { Double(random.below(1 << 30)) / Double(1 << 30) }
    let trials = (0..<4000).map { index -> Trial in
        let cohesion = 0.3 + 0.5 * uniform()
        let best = 0.1 + 0.8 * cohesion + 0.1 * (uniform() - 0.5)
        return Trial(logits: [[best, 0]], truths: [0], cohesion: index % 2 == 0 ? cohesion : nil)
    }
    let unknown = CalibrationFit.fit(trials).unknown
    for known in [true, false] {
        let group = trials.filter { ($0.cohesion != nil) == known }
        let given = group.count { $0.logits[0][0] < unknown.threshold(cohesion: $0.cohesion) }
        #expect(abs(Double(given) / Double(group.count) - CalibrationFit.givenUp) < 0.005)
    }
    // The line lies 0.45 of the noise below the middle: 0.1 - 0.045 + 0.8 x cohesion.
    #expect(abs(unknown.slope - 0.8) < 0.051 && abs(unknown.offset - 0.055) < 0.03)
}
