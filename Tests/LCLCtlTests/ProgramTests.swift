// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import Testing
import lclctl

/// The real binary, run with these arguments and no daemon.
private func lclctl(_ arguments: [String], environment: [String: String] = [:]) async throws -> (status: Int32, output: String, errors: String) {
    let process = Process(), output = Pipe(), errors = Pipe()
    process.executableURL = try binary()
    process.arguments = arguments
    process.environment = ["LCLD_SOCKET": "/nonexistent/control.sock", "PATH": "/usr/bin:/bin"].merging(environment) { $1 }
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    async let text = Task.detached { output.fileHandleForReading.readDataToEndOfFile() }.value
    let complaint = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: await text, as: UTF8.self), String(decoding: complaint, as: UTF8.self))
}

/// Beside the test bundle.
private func binary() throws -> URL {
    let bundle = try #require(CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? Bundle.main.executablePath)
    return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("lclctl")
}

@Test(arguments: [
    ["status"], ["list"], ["show", "j"], ["watch", "j"], ["watch"], ["results", "j"], ["cancel", "j", "k"], ["hold", "j"], ["release", "j"],
    ["retry", "j"], ["priority", "j", "3"], ["pause"], ["resume"], ["drain"], ["log"], ["log", "j"],
])
func program_endsWith3AndSaysWhatToDo_whenNoDaemonRuns(arguments: [String]) async throws {
    let run = try await lclctl(arguments)
    #expect(run.status == 3)
    #expect(run.output.isEmpty)
    #expect(run.errors.contains("the daemon is not running") && run.errors.contains("systemctl start lcld"))
    #expect(run.errors.split(separator: "\n").count == 1)
}

@Test(arguments: [
    [], ["show"], ["show", "../etc"], ["priority", "j", "101"], ["priority", "j", "x"], ["submit"], ["submit", "d", "--queries", "q"],
    ["submit", "--label", "cat", "--queries", "q"], ["submit", "d", "--json"], ["submit", "d", "--expires", "soon"], ["submit", "d", "--unknown", "2"],
    ["results", "j", "--json", "--csv"], ["list", "--state", "asleep"], ["list", "--limit", "0"], ["log", "--limit", "5000"], ["dance"],
])
func program_endsWith64_whenTheCommandLineIsWrong(arguments: [String]) async throws {
    let run = try await lclctl(arguments)
    // Without a command it shows its help, which is no mistake.
    #expect(run.status == (arguments.isEmpty ? 0 : 64))
}

@Test func program_documentsItsExitStatus() async throws {
    let help = try await lclctl(["--help"]).output.replacing("\n", with: " ")
    for status in ExitStatus.allCases { #expect(help.contains("; \(status.rawValue) ")) }
}

@Test func api_isPrinted_withoutADaemon() async throws {
    let run = try await lclctl(["api"])
    #expect(run.status == 0)
    #expect(run.output.contains("GET  /v1/jobs/ID/watch"))
}

@Test func validate_tellsEveryMistake_withoutADaemon() async throws {
    let path = FileManager.default.temporaryDirectory.path + "/lcl-\(UInt32.random(in: 0 ... .max)).json"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data("{\"labels\": [{\"name\": \"\", \"support\": [\"../x\"]}], \"queries\": 3}".utf8).write(to: URL(fileURLWithPath: path))
    let run = try await lclctl(["validate", path])
    #expect(run.status == 1)
    for place in ["$.schema", "$.labels[0].name", "$.labels[0].support[0]", "$.labels ", "$.queries"] { #expect(run.output.contains(place)) }
}

@Test func submit_putsTheJobIntoTheSpool_withoutADaemon() async throws {
    let files = FileManager.default, root = files.temporaryDirectory.path + "/lcl-\(UInt32.random(in: 0 ... .max))"
    defer { try? files.removeItem(atPath: root) }
    for folder in ["cats", "dogs", "new", "spool/tmp", "spool/incoming"] { try files.createDirectory(atPath: "\(root)/\(folder)", withIntermediateDirectories: true) }
    for folder in ["cats", "dogs", "new"] { try Data([0xFF, 0xD8, 0xFF, 0]).write(to: URL(fileURLWithPath: "\(root)/\(folder)/1.jpg")) }
    let run = try await lclctl([
        "submit", "--name", "my pets", "--label", "cat=\(root)/cats/*.jpg", "--label", "dog=\(root)/dogs/*.jpg", "--queries", "\(root)/new/*.jpg",
        "--spool", root + "/spool", "--priority=-5", "--transductive", "--unknown", "0.5",
    ])
    #expect(run.status == 0, "\(run.errors)")
    let id = run.output.trimmingCharacters(in: .newlines)
    #expect(id.hasPrefix("my-pets-"))
    #expect(try files.contentsOfDirectory(atPath: root + "/spool/tmp").isEmpty)
    #expect(try files.contentsOfDirectory(atPath: root + "/spool/incoming") == [id])
    let manifest = try Manifest.read(Data(contentsOf: URL(fileURLWithPath: "\(root)/spool/incoming/\(id)/job.json"))).get()
    #expect(manifest.labels == [.init(name: "cat", support: ["support/1/1.jpg"]), .init(name: "dog", support: ["support/2/1.jpg"])])
    #expect(manifest.queries == .list([.init(id: "1.jpg", image: "queries/1.jpg")]))
    #expect(manifest.options.priority == -5 && manifest.options.transductive && manifest.options.unknown == .below(0.5))
    #expect(files.fileExists(atPath: "\(root)/spool/incoming/\(id)/.ready"))
    let refused = try await lclctl(["submit", "--label", "cat=\(root)/none", "--label", "dog=\(root)/dogs", "--queries", "\(root)/new", "--spool", root + "/spool"])
    #expect(refused.status == 1 && refused.errors.contains("no file fits"))
    let homeless = try await lclctl(["submit", "--label", "cat=\(root)/cats", "--label", "dog=\(root)/dogs", "--queries", "\(root)/new", "--spool", root + "/nowhere"])
    #expect(homeless.status == 3 && homeless.errors.contains("systemctl start lcld") && homeless.errors.contains("lcl classify"))
}

@Test func completion_isSilent_whenNoDaemonRuns() async throws {
    let run = try await lclctl(["--generate-completion-script", "bash"])
    #expect(run.status == 0 && run.output.contains("lclctl"))
}
