// SPDX-License-Identifier: Apache-2.0
import LCLWorker
import Testing

struct SignsOfLifeTests {
    @Test func words_areSaidAtOnce_whenTheyAreNew_andOtherwiseSeldom() throws {
        var said: [[Int]] = [], time = ContinuousClock.now
        let life = SignsOfLife({ if case .began(let ordinals) = $0 { said.append(ordinals) } }, now: { time })
        for ordinals in [[], [], [3], [3], [4]] { try life.began(ordinals) }
        #expect(said == [[], [3], [4]])
        for _ in 0..<100 {
            time += .milliseconds(100)
            try life.began([4])
        }
        #expect(said.count == 3 + 5)
    }
}
