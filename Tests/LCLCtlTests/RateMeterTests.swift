// SPDX-License-Identifier: Apache-2.0
import Testing
import lclctl

@Test func rate_isUnknown_beforeSomethingIsAnswered() {
    var meter = RateMeter()
    #expect(meter.rate == nil)
    meter.add(5, at: 1)
    #expect(meter.rate == nil)
    meter.add(5, at: 2)
    #expect(meter.timeLeft(3) == nil)
}

@Test func rate_isOfTheLastSeconds() {
    var meter = RateMeter()
    for second in 0...100 { meter.add(second * 2, at: Double(second)) }
    for second in 1...20 { meter.add(200 + second * 50, at: Double(100 + second)) }
    #expect(meter.rate == 50)
    #expect(meter.timeLeft(500) == 10)
}

@Test func rate_startsAnew_whenTheJobIsRunAgain() {
    var meter = RateMeter()
    meter.add(100, at: 0)
    meter.add(0, at: 1)
    meter.add(30, at: 2)
    #expect(meter.rate == 30)
}

@Test func rate_isKnown_whenAnswersAreRare() {
    var meter = RateMeter()
    meter.add(0, at: 0)
    meter.add(1, at: 100)
    #expect(meter.rate == 0.01)
}
