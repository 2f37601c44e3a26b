// SPDX-License-Identifier: Apache-2.0
import LCLDaemon
import Testing

struct LogLineTests {
    @Test func value_staysAsItIs_whenItIsOneWord() {
        #expect(LogLine.quoted("q-1.jpg") == "q-1.jpg")
        #expect(LogLine.quoted("Grün") == "Grün")
    }

    @Test func value_isQuoted_andControlsAreShown_whenItCouldMislead() {
        #expect(LogLine.quoted("") == "\"\"")
        #expect(LogLine.quoted("a b") == "\"a b\"")
        #expect(LogLine.quoted("a=b") == "\"a=b\"")
        #expect(LogLine.quoted("say \"no\"\n\u{1B}[31m") == "\"say \\\"no\\\"\\n\\u{1b}[31m\"")
    }
}

struct SlicePacerTests {
    @Test func slices_areFairAtTheEnd_andAboutASecondLong() {
        var pacer = SlicePacer()
        #expect(pacer.size(open: 1000, workers: 2) == 32)
        #expect(pacer.size(open: 10, workers: 2) == 5)
        pacer.observe(queries: 100, seconds: 0.5)
        #expect(pacer.size(open: 10_000, workers: 2) == 200)
        #expect(pacer.size(open: 1, workers: 8) == 1)
    }
}
