// SPDX-License-Identifier: Apache-2.0
import LCLDaemon
import LCLSpool
import Testing

struct WaitingEntriesTests {
    private static let start = ContinuousClock.now
    private static let offer = Offer(name: EntryName("My job"), owner: 1000)

    @Test func entry_isOfferedAgain_afterPausesThatGrow() {
        var waiting = WaitingEntries()
        waiting.failed(Self.offer, "no room", now: Self.start)
        #expect(waiting.due([Self.offer], now: Self.start).isEmpty)
        #expect(waiting.due([Self.offer], now: Self.start + .seconds(1)) == [Self.offer])
        waiting.failed(Self.offer, "no room", now: Self.start + .seconds(1))
        #expect(waiting.due([Self.offer], now: Self.start + .seconds(2)).isEmpty)
        #expect(waiting.due([Self.offer], now: Self.start + .seconds(3)) == [Self.offer])
    }

    @Test func entry_isForgotten_whenItIsOfferedNoMore() {
        var waiting = WaitingEntries()
        waiting.failed(Self.offer, "no room", now: Self.start)
        #expect(waiting.report != nil)
        _ = waiting.due([], now: Self.start + .seconds(90))
        #expect(waiting.report == nil)
    }
}
