// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What must stay flat through a long life, by what proc(5) says of a process.
struct Vitals: Sendable {
    /// MiB in memory.
    var memory: Double
    /// Open files.
    var files: Double
    var threads: Double

    /// `nil` where the process is gone.
    init?(of pid: Int32) {
        guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let memory = Self.number("VmRSS:", in: status), let threads = Self.number("Threads:", in: status),
            let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
        else { return nil }
        self.memory = memory / 1024
        self.threads = threads
        self.files = Double(files)
    }

    private init(memory: Double, files: Double, threads: Double) {
        self.memory = memory
        self.files = files
        self.threads = threads
    }

    private static func number(_ name: String, in status: String) -> Double? {
        status.split(separator: "\n").first { $0.hasPrefix(name) }.flatMap { Double($0.split(whereSeparator: \.isWhitespace)[1]) }
    }

    /// The medians of the first and the last third.
    static func thirds(_ samples: [Vitals]) -> (first: Vitals, last: Vitals)? {
        guard samples.count >= 3 else { return nil }
        return (median(samples.prefix(samples.count / 3)), median(samples.suffix(samples.count / 3)))
    }

    private static func median(_ samples: ArraySlice<Vitals>) -> Vitals {
        func middle(_ value: KeyPath<Vitals, Double>) -> Double { samples.map { $0[keyPath: value] }.sorted()[samples.count / 2] }
        return Vitals(memory: middle(\.memory), files: middle(\.files), threads: middle(\.threads))
    }
}
