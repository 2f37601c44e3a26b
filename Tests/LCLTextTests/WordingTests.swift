// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLText
import Testing

@Test(arguments: [
    (0.0, "0.00 s"), (0.336, "0.34 s"), (12.34, "12.3 s"), (59.96, "1 min 00 s"), (245, "4 min 05 s"), (3599.6, "1 h 00 min"),
    (11_520, "3 h 12 min"), (187_200, "2 d 4 h"), (-3, "0.00 s"), (.infinity, "very long"), (.nan, "very long"),
])
func duration_isHumane(seconds: Double, text: String) {
    #expect(Wording.duration(seconds) == text)
}

@Test(arguments: [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1_572_864, "1.5 MiB"), (1_073_741_823, "1.0 GiB"), (Int.max, "8192.0 PiB")])
func bytes_haveAUnit(count: Int, text: String) {
    #expect(Wording.bytes(count) == text)
}

@Test func time_isOfTheZone() throws {
    let date = Date(timeIntervalSince1970: 1_800_000_000)
    #expect(Wording.time(date, zone: .gmt) == "2027-01-15 08:00:00")
    #expect(Wording.time(date, zone: try #require(TimeZone(secondsFromGMT: -9 * 3600))) == "2027-01-14 23:00:00")
}

@Test func numbers_areRounded() {
    #expect(Wording.rate(0.44) == "0.4/s")
    #expect(Wording.rate(84.6) == "85/s")
    #expect(Wording.percent(0.91349) == "91.3 %")
    #expect(Wording.count(1, "query", "queries") == "1 query")
    #expect(Wording.count(0, "support") == "0 supports")
}
