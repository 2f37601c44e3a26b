// SPDX-License-Identifier: Apache-2.0
import LCLDaemon
import Testing

private let start = ContinuousClock.now
private let day: Int64 = 86_400_000

@Test func jump_ofADay_isTold_andRemovesNothingSooner() {
    for jump in [day, -day] {
        var time = SteadyTime(wall: 1_000_000_000, at: start)
        #expect(time.observe(wall: 1_000_001_000, at: start + .seconds(1)) == nil)
        #expect(time.observe(wall: 1_000_002_000 + jump, at: start + .seconds(2)) == jump)
        #expect(time.cautious == 1_000_002_000 + min(0, jump))
        #expect(time.observe(wall: 1_000_003_000 + jump, at: start + .seconds(3)) == nil)
    }
}

@Test func discipline_andSleep_areNoJumps() {
    var time = SteadyTime(wall: 0, at: start)
    #expect(time.observe(wall: 1500, at: start + .seconds(1)) == nil)
    #expect(time.observe(wall: 1500 + day, at: start + .seconds(86_401)) == nil)
    #expect(time.cautious == 1500 + day)
}

@Test func ceiling_fallsWithEachDeath_andRisesWithQuiet() {
    var ceiling = WorkerCeiling()
    #expect(ceiling.limit(of: 4, now: start) == 4)
    ceiling.exhausted(wanted: 4, now: start)
    ceiling.exhausted(wanted: 4, now: start)
    #expect(ceiling.limit(of: 4, now: start) == 2)
    #expect(ceiling.limit(of: 1, now: start) == 1)
    for _ in 0..<9 { ceiling.exhausted(wanted: 4, now: start) }
    #expect(ceiling.limit(of: 4, now: start) == 1)
    #expect(ceiling.limit(of: 4, now: start + WorkerCeiling.quiet) == 2)
    #expect(ceiling.limit(of: 4, now: start + WorkerCeiling.quiet * 3) == 4)
    ceiling.exhausted(wanted: 4, now: start + WorkerCeiling.quiet * 3)
    #expect(ceiling.limit(of: 4, now: start + WorkerCeiling.quiet * 3) == 3)
}
