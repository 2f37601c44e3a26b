// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// A long life in short: `make soak MINUTES=10`.
struct SoakTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let minutes = environment["LCL_SOAK_MINUTES"].flatMap(Double.init)

    /// 60 % of the time the daemon is killed as well; then it lives on to the end, so that what grows can be seen.
    @Test(.enabled(if: minutes != nil, "make soak")) func everyJob_isAnsweredOnceAndRight_throughALongLife() async throws {
        let minutes = Self.minutes!, seed = Self.environment["LCL_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...999_999)
        var soak = try await Soak(seed: seed)
        try await soak.run(seconds: minutes * 36, isDeadly: true)
        try await soak.run(seconds: minutes * 24, isDeadly: false)
        let (daemon, worker) = (Vitals.thirds(soak.daemon), Vitals.thirds(soak.worker))
        try await soak.drain(seconds: 60)
        print("""
            soak: \(minutes) minutes, seed \(seed): \(soak.offered) jobs (as many as \(soak.offered / 24) an hour for a day), \
            \(soak.daemonKills) kills of the daemon, \(soak.workerKills) of workers, lost \(soak.waiting.count), wrong \(soak.wrong.count)
            soak: answered \(soak.answered.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
            soak: daemon \(Self.said(daemon)); worker \(Self.said(worker)); database and WAL at most \((soak.databaseBytes.max() ?? 0) >> 10) KiB
            """)
        #expect(soak.waiting.isEmpty)
        for wrong in soak.wrong { Issue.record("\(wrong)") }
        #expect(soak.strays == [])
        for (first, last) in [daemon, worker].compactMap({ $0 }) {
            #expect(last.memory < first.memory * 1.25 + 8)
            #expect(last.files < first.files + 8)
            #expect(last.threads < first.threads + 8)
        }
    }

    private static func said(_ thirds: (first: Vitals, last: Vitals)?) -> String {
        guard let (first, last) = thirds else { return "too short a life to tell" }
        func change(_ value: KeyPath<Vitals, Double>) -> String { "\(Int(first[keyPath: value])) -> \(Int(last[keyPath: value]))" }
        return "\(change(\.memory)) MiB, \(change(\.files)) files, \(change(\.threads)) threads"
    }
}
