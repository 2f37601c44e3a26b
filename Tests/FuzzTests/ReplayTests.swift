// SPDX-License-Identifier: Apache-2.0
import Foundation
import FuzzTargets
import Testing

/// Every committed input of the fuzzers, through the doors that they use: the smallest ones that reach all that was reached, and each
/// that once broke something.
@Suite struct ReplayTests {
    private static let fuzz = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Fuzz").standardized

    private static func inputs(_ kind: String, _ target: FuzzTarget) throws -> [URL] {
        let folder = fuzz.appending(path: kind).appending(path: target.rawValue)
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).sorted { $0.path < $1.path }
    }

    @Test(arguments: FuzzTarget.allCases) func corpus_keepsEveryPromise(_ target: FuzzTarget) throws {
        let door = try target.open(), files = try Self.inputs("Corpora", target)
        #expect(!files.isEmpty, "a corpus is committed")
        for file in files { #expect(throws: Never.self, "\(file.lastPathComponent)") { try door.check([UInt8](Data(contentsOf: file))) } }
    }

    @Test(arguments: FuzzTarget.allCases) func whatOnceBrokeSomething_keepsEveryPromise(_ target: FuzzTarget) throws {
        let door = try target.open()
        for file in try Self.inputs("Crashes", target) {
            #expect(throws: Never.self, "\(file.lastPathComponent)") { try door.check([UInt8](Data(contentsOf: file))) }
        }
    }

    @Test(arguments: FuzzTarget.allCases) func seeds_keepEveryPromise(_ target: FuzzTarget) throws {
        let door = try target.open()
        for seed in try target.seeds() { #expect(throws: Never.self) { try door.check(seed) } }
    }
}
