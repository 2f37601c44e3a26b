// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Numbers, times and users as people read them.
package enum Wording {
    /// `0.34 s`, `12.3 s`, `4 min 05 s`, `3 h 12 min`, `2 d 4 h`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds < 1e9 else { return "very long" }
        if seconds < 1 { return decimals(max(seconds, 0), 2) + " s" }
        if seconds < 59.95 { return decimals(seconds, 1) + " s" }
        let whole = Int(seconds.rounded())
        if whole < 3600 { return "\(whole / 60) min \(pad(whole % 60)) s" }
        if whole < 86_400 { return "\(whole / 3600) h \(pad(whole / 60 % 60)) min" }
        return "\(whole / 86_400) d \(whole / 3600 % 24) h"
    }

    /// `2026-11-22 23:05:09`, in the zone.
    package static func time(_ date: Date, zone: TimeZone = .current) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        let (year, month, day) = (parts.year ?? 0, parts.month ?? 0, parts.day ?? 0)
        return "\(year)-\(pad(month))-\(pad(day)) \(pad(parts.hour ?? 0)):\(pad(parts.minute ?? 0)):\(pad(parts.second ?? 0))"
    }

    /// `512 B`, `1.5 GiB`.
    package static func bytes(_ count: Int) -> String {
        var value = Double(count), units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"][...]
        while value >= 1023.95, units.count > 1 {
            value /= 1024
            units.removeFirst()
        }
        return (units.first == "B" ? "\(count)" : decimals(value, 1)) + " " + (units.first ?? "")
    }

    /// `85/s`, `0.4/s`.
    package static func rate(_ perSecond: Double) -> String {
        (perSecond < 10 ? decimals(perSecond, 1) : "\(Int(perSecond.rounded()))") + "/s"
    }

    /// 0.9134 is `91.3 %`.
    package static func percent(_ share: Double) -> String { decimals(share * 100, 1) + " %" }

    /// `1 query`, `2 queries`.
    package static func count(_ n: Int, _ one: String, _ many: String? = nil) -> String { "\(n) \(n == 1 ? one : many ?? one + "s")" }

    package static func decimals(_ value: Double, _ places: Int) -> String {
        String(format: "%.\(places)f", locale: nil, value)
    }

    private static func pad(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
}
