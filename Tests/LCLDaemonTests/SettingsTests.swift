// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDaemon
import Testing

struct SettingsTests {
    private static func file(_ text: String) throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "lcld-\(UUID().uuidString).json").path
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private static func problems(_ sources: Settings.Sources) -> [String] {
        do throws(DaemonError) { _ = try Settings(sources) } catch {
            if case .configuration(let lines) = error { return lines }
        }
        return []
    }

    @Test func flags_winOverEnvironment_winsOverFile_winsOverStandard() throws {
        let path = try Self.file(#"{"workers": {"count": 3, "attempts": 5, "deadline": "2m"}}"#)
        let settings = try Settings(.init(
            flags: ["workers.count": "1"], environment: ["LCLD_WORKERS_COUNT": "2", "LCLD_WORKERS_ATTEMPTS": "4"], file: path))
        #expect(settings.values["workers.count"] == .init(text: "1", origin: "flag"))
        #expect(settings.values["workers.attempts"] == .init(text: "4", origin: "environment"))
        #expect(settings.values["workers.deadline"] == .init(text: "2m", origin: path))
        #expect(settings.values["retention.age"] == .init(text: "30d", origin: "standard"))
        #expect(settings.duration("workers.deadline") == .seconds(120))
    }

    @Test func unknownKey_isRefused_withTheNearest() throws {
        let path = try Self.file(#"{"workers": {"cout": 3}}"#)
        #expect(Self.problems(.init(file: path)) == ["'workers.cout' in '\(path)' is no key; did you mean 'workers.count'?"])
        #expect(Self.problems(.init(environment: ["LCLD_WORKER_COUNT": "1"])) == ["the variable LCLD_WORKER_COUNT is not known; did you mean LCLD_WORKERS_COUNT?"])
    }

    @Test func allMistakes_areToldAtOnce() throws {
        let problems = Self.problems(.init(file: try Self.file(#"{"workers": {"count": -1, "deadline": "soon"}, "spool": true, "log": {"level": "loud"}}"#)))
        #expect(problems.count == 4)
        for key in ["workers.count", "workers.deadline", "spool", "log.level"] { #expect(problems.contains { $0.contains(key) }) }
    }

    @Test(arguments: ["[]", "{", String(repeating: "{\"a\":", count: 100) + "1" + String(repeating: "}", count: 100)])
    func file_isRefused_whenItIsNoConfiguration(text: String) throws {
        #expect(!Self.problems(.init(file: try Self.file(text))).isEmpty)
    }

    @Test func reload_takesLiveKeys_andNamesTheOthers() throws {
        let old = try Settings(.init()), new = try Settings(.init(flags: ["workers.count": "7", "spool": "/elsewhere"]))
        let (merged, waiting) = old.reloaded(from: new)
        #expect(merged.integer("workers.count") == 7)
        #expect(merged.text("spool") == old.text("spool"))
        #expect(waiting == ["spool"])
    }

    @Test func shippedFile_namesEveryKeyWithItsStandard() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let settings = try Settings(.init(file: root.appending(path: "etc/lcld/lcld.json").path))
        for key in ConfigurationKey.all {
            #expect(settings.text(key.name) == key.standard)
            #expect(settings.values[key.name]!.origin != "standard", "\(key.name) is missing in etc/lcld/lcld.json")
        }
    }

    @Test func table_hasALineForEveryKey() throws {
        let lines = try Settings(.init()).table().split(separator: "\n")
        #expect(lines.count == ConfigurationKey.all.count + 1)
        #expect(lines.contains { $0.hasPrefix("workers.count") && $0.contains("LCLD_WORKERS_COUNT") })
    }
}
