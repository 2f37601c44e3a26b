// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl
import LCLJob
import TestPictures

/// A daemon of the real binary on a scratch spool, driven from outside as users drive it.
final class Rig {
    struct Output {
        var status: Int32
        var out: Data
        var error: String
        var text: String { String(decoding: out, as: UTF8.self) }
    }

    struct Missed: Error, CustomStringConvertible {
        let description: String
    }

    /// Where the binaries under test lie: beside the test bundle.
    static let programs = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()

    let root: URL
    private(set) var daemon: Process?
    /// Where models lie, beside the usual places.
    var models: String?

    var spool: URL { root.appending(path: "spool") }
    var socket: String { root.appending(path: "c.sock").path }
    private var log: URL { root.appending(path: "log") }

    init() throws {
        root = URL(fileURLWithPath: "/tmp/lcl-e2e-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    }

    deinit { end() }

    /// Leaves nothing behind.
    func end() {
        if let daemon, daemon.isRunning {
            Glibc.kill(daemon.processIdentifier, SIGKILL)
            daemon.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: root)
    }

    // MARK: The daemon

    /// Starts the daemon; waits until it answers, or, with a fault of its own, only starts it.
    func start(
        workers: Int? = 1, fault: String? = nil, folders: String? = nil, spool: String? = nil, state: String? = nil, settings: [String: String] = [:]
    ) throws {
        let process = try launch(workers: workers, fault: fault, folders: folders, spool: spool, state: state, settings: settings)
        daemon = process
        guard fault?.hasPrefix("worker") ?? true else { return }
        try wait("the daemon answers") { ctl("status").status == 0 || !process.isRunning }
        guard process.isRunning else { throw Missed(description: "the daemon ended: \(logText)") }
    }

    func launch(
        workers: Int? = 1, fault: String? = nil, folders: String? = nil, spool: String? = nil, state: String? = nil, settings: [String: String] = [:]
    ) throws -> Process {
        let process = Process()
        process.executableURL = Self.programs.appending(path: "lcld")
        process.arguments = ["run", "--spool", spool ?? self.spool.path, "--state", state ?? root.appending(path: "state").path, "--socket", socket]
        if let workers { process.arguments! += ["--workers", String(workers)] }
        var environment = ProcessInfo.processInfo.environment
        environment["LCLD_FAULT"] = fault
        environment["LCLD_INTAKE_FOLDERS"] = folders
        environment["LCLD_MODELS"] = models
        environment.merge(settings) { $1 }
        process.environment = environment
        // Two daemons may write to it.
        process.standardError = FileHandle(fileDescriptor: open(log.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600), closeOnDealloc: true)
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// - Returns: how long the daemon took to end, in seconds.
    @discardableResult
    func end(_ signal: Int32) throws -> Double {
        guard let daemon else { return 0 }
        let start = ContinuousClock.now
        Glibc.kill(daemon.processIdentifier, signal)
        try waitForEnd()
        return (ContinuousClock.now - start) / .seconds(1)
    }

    func waitForEnd(seconds: Double = 25) throws {
        let process = daemon!
        try wait("the daemon ends", seconds: seconds) { !process.isRunning }
    }

    var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    // MARK: Commands

    @discardableResult
    func ctl(_ arguments: String...) -> Output { Self.run("lclctl", arguments, environment: ["LCLD_SOCKET": socket]) }

    /// As another user, who may see the socket but not the programs: those are copied to where he does.
    func ctl(as uid: UInt32, _ arguments: String...) -> Output {
        let copy = root.appending(path: "lclctl").path
        try? FileManager.default.copyItem(atPath: Self.programs.appending(path: "lclctl").path, toPath: copy)
        let words = ["--reuid", "\(uid)", "--regid", "\(uid)", "--clear-groups", copy] + arguments
        // Another test's child may have inherited the copy while it was written to.
        for _ in 0..<100 {
            let output = Self.run("/usr/bin/setpriv", words, environment: ["LCLD_SOCKET": socket])
            if !output.error.contains("Text file busy") { return output }
            usleep(50_000)
        }
        return Output(status: -1, out: Data(), error: "the copy of lclctl stays busy")
    }

    static func run(_ program: String, _ arguments: [String], environment extra: [String: String] = [:]) -> Output {
        let process = Process(), out = Pipe(), error = Pipe()
        process.executableURL = program.hasPrefix("/") ? URL(filePath: program) : programs.appending(path: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(extra) { $1 }
        process.standardOutput = out
        process.standardError = error
        guard (try? process.run()) != nil else { return Output(status: -1, out: Data(), error: "unable to start \(program)") }
        let bytes = out.fileHandleForReading.readDataToEndOfFile(), text = error.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Output(status: process.terminationStatus, out: bytes, error: String(decoding: text, as: UTF8.self))
    }

    func status() throws -> DaemonStatus { try told(DaemonStatus.self, by: ctl("status", "--json")) }

    func detail(of id: String) throws -> JobDetail { try told(JobDetail.self, by: ctl("show", id, "--json")) }

    func state(of id: String) throws -> JobState { try told(JobDetail.self, by: ctl("show", id, "--json")).summary.state }

    private func told<T: Decodable>(_ type: T.Type, by answer: Output) throws -> T {
        guard answer.status == 0 else { throw Missed(description: "lclctl ended with \(answer.status): \(answer.error)\n\(logText)") }
        return try CanonicalJSON.decode(type, from: answer.out)
    }

    // MARK: Jobs

    /// Drops a copy of a directory (or file) into `incoming/`, complete at once: by rename.
    func drop(_ source: URL, as name: String) throws {
        let building = spool.appending(path: "tmp/\(name)-\(UUID().uuidString.prefix(4))")
        try FileManager.default.copyItem(at: source, to: building)
        try offer(building, as: name)
    }

    /// The same with the directory itself, whatever lies in it: a FIFO cannot be copied.
    func offer(_ source: URL, as name: String) throws {
        guard rename(source.path, spool.appending(path: "incoming/\(name)").path) == 0 else { throw Missed(description: "rename failed: \(errno)") }
    }

    /// The bytes of the job's result, once it is published.
    func result(_ id: String) throws -> Data {
        let done = spool.appending(path: "done/\(id)/result.json"), failed = spool.appending(path: "failed/\(id)/error.json")
        try wait("job \(id) is answered") { [done, failed].contains { FileManager.default.fileExists(atPath: $0.path) } }
        if let report = try? String(contentsOf: failed, encoding: .utf8) { throw Missed(description: "job \(id) failed: \(report)") }
        return try Data(contentsOf: done)
    }

    /// Code of the first problem of a job that ends in `failed/` or `corrupt/`.
    func refusal(_ id: String) throws -> String {
        let reports = ["failed", "corrupt"].map { spool.appending(path: "\($0)/\(id)/error.json") }
        try wait("job \(id) is refused") { reports.contains { FileManager.default.fileExists(atPath: $0.path) } }
        let data = try reports.compactMap { try? Data(contentsOf: $0) }.first ?? { throw Missed(description: "no report") }()
        guard case .object(let top) = try JSONValue(parsing: data), case .array(let problems)? = top["problems"],
            case .object(let first)? = problems.first, case .string(let code)? = first["code"]
        else { return "?" }
        return code
    }

    /// Everything that should be gone soon after all jobs are over: what nobody waits for may take a moment.
    func strays() throws -> [String] {
        try? wait("all is tidied up", seconds: 5) { try leavings().isEmpty }
        return try leavings()
    }

    private func leavings() throws -> [String] {
        let open = try ["tmp", "incoming", "active"].flatMap { place in
            try FileManager.default.contentsOfDirectory(atPath: spool.appending(path: place).path).map { "\(place)/\($0)" }
        }
        let done = try FileManager.default.contentsOfDirectory(atPath: spool.appending(path: "done").path)
        return open + done.map { "done/\($0)/pictures" }.filter { FileManager.default.fileExists(atPath: spool.appending(path: $0).path) }
    }

    /// Looks again and again until `condition` holds.
    func wait(_ what: String, seconds: Double = 30, _ condition: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while try !condition() {
            guard ContinuousClock.now < deadline else { throw Missed(description: "in \(seconds) s it did not happen that \(what)\n\(logText.suffix(3000))") }
            usleep(10_000)
        }
    }
}

/// A job directory and its right answers, drawn once for all tests.
struct SampleJob: Sendable {
    let directory: URL
    let expected: [String: String]

    static let tiny = SampleJob(queries: 1)
    static let small = SampleJob(queries: 6)
    static let large = SampleJob(queries: 240)

    private init(queries: Int) {
        directory = ProcessFiles.path("e2e-job-\(queries)")
        expected = try! TestPictures.writeJob(at: directory, classes: 2, shots: 4, queries: queries, side: 96)
    }

    /// What the daemon must publish for it under this id, told by `lcl classify`.
    func answer(as id: String) -> Data { Rig.run("lcl", ["classify", directory.path, "--id", id]).out }
}
