// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import Testing

/// A disk on another machine, as far as the daemon can tell.
struct RemoteTests {
    @Test func daemon_refusesToStart_whereItsStateIsOnANetworkFilesystem() async throws {
        let scratch = try Scratch(), life = try Life(on: scratch, settings: [:], strikes: ["LCL_FAULT_REMOTE": scratch.state.path])
        var play = Play(Self.scenario, on: scratch)
        #expect(try await play.live(life, within: 30) == .over)
        #expect(scratch.logText.contains("NFS"))
        #expect(!FileManager.default.fileExists(atPath: scratch.state.appending(path: "lcld.db").path))
    }

    @Test func jobs_areAnswered_whereTheSpoolIsOnANetworkFilesystem() async throws {
        let scratch = try Scratch()
        try scratch.offer(SampleJobs.directory("pair"), as: "pair")
        let life = try Life(on: scratch, settings: [:], strikes: ["LCL_FAULT_REMOTE": scratch.spool.path])
        var play = Play(Self.scenario, on: scratch)
        try await play.settle(life, within: 30)
        #expect(scratch.logText.contains("the spool is on a network filesystem"))
        try await life.kill()
    }

    private static let scenario = Scenario(name: "remote", ends: ["pair": .done]) { _ in }
}
