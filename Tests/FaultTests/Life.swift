// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl

/// One process of the real `lcld` on a scratch disk; used by one task, and dead at the end of its life.
final class Life {
    struct NotStarted: Error {
        let code: Int32
    }

    let client: ControlClient
    let pid: pid_t
    private var isReaped = false

    /// Where the binaries under test lie: beside the test bundle.
    static let programs = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()

    /// - Parameters:
    ///   - settings: as environment variables.
    ///   - strikes: what the fault library is told beside its place; none where it is not there, empty where it only lists the points.
    init(on scratch: Scratch, settings: [String: String], strikes: [String: String]? = nil) throws {
        client = ControlClient(socket: scratch.socket, timeout: .seconds(20))
        let program = Self.programs.appending(path: "lcld").path
        var environment = ProcessInfo.processInfo.environment
        environment["LCLD_WORKERS_COUNT"] = "1"
        environment["LCLD_INTAKE_SCAN"] = "1s"
        // Two seconds after the start, and then every four.
        environment["LCLD_RETENTION_INTERVAL"] = "4s"
        environment["LCLD_MODELS"] = SampleJobs.models.path
        environment.merge(settings) { $1 }
        if let strikes {
            environment["LD_PRELOAD"] = try FaultLibrary.path()
            environment["LCL_FAULT_ROOT"] = scratch.disk.path
            environment["LCL_FAULT_LOG"] = scratch.points.path
            environment.merge(strikes) { $1 }
        }
        let arguments = [program, "run", "--spool", scratch.spool.path, "--state", scratch.state.path, "--socket", scratch.socket]
        pid = try Self.spawn(arguments, environment.map { "\($0)=\($1)" }, log: scratch.log.path)
    }

    deinit {
        guard !isReaped else { return }
        Glibc.kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    var isOver: Bool {
        if !isReaped { isReaped = waitpid(pid, nil, WNOHANG) == pid }
        return isReaped
    }

    /// Ends it as a power cut would, and waits for the end.
    func kill() async throws {
        while !isOver {
            Glibc.kill(pid, SIGKILL)
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// posix_spawn rather than `Process`, which hundreds of starts from several threads bring down.
    private static func spawn(_ arguments: [String], _ environment: [String], log: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, O_WRONLY | O_APPEND, 0)
        var words = arguments.map { strdup($0) } + [nil], variables = environment.map { strdup($0) } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, words[0]!, &actions, nil, &words, &variables)
        guard code == 0 else { throw NotStarted(code: code) }
        return child
    }
}

extension Fault {
    /// For the fault library, in the life of the first fault.
    var strikes: [String: String] {
        var told = ["LCL_FAULT_POINT": String(point.number), "LCL_FAULT_ACTION": action.rawValue]
        if case .later(let calls, let action) = second { told.merge(Self.next(calls, action)) { $1 } }
        return told
    }

    /// In the life after it; `nil` where that is left alone.
    var strikesAfterwards: [String: String]? {
        if case .afterwards(let number, let action) = second { Self.next(number, action) } else { nil }
    }

    private static func next(_ number: Int, _ action: Action) -> [String: String] {
        ["LCL_FAULT_NEXT": String(number), "LCL_FAULT_NEXT_ACTION": action.rawValue]
    }
}
