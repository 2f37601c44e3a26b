// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LCLControl
import LCLJob
import LCLText

/// A command whose errors are told on standard error, in one line, with the documented exit status.
protocol Command: AsyncParsableCommand {
    func execute() async throws
}

extension Command {
    func run() async throws {
        do {
            try await execute()
        } catch let error as ControlError {
            Complaint.tell(error.message)
            throw ExitCode(ExitStatus(error).rawValue)
        } catch let error as OutputError where error.isReaderGone {
            throw ExitCode(ExitStatus.failed.rawValue)
        } catch let status as ExitStatus {
            throw ExitCode(status.rawValue)
        } catch let error as ValidationError {
            throw error
        } catch let error as ExitCode {
            throw error
        } catch {
            Complaint.tell("\(error)")
            throw ExitCode(ExitStatus.failed.rawValue)
        }
    }
}

/// What goes to standard error.
enum Complaint {
    /// Where it cannot be told, the exit status says it alone.
    static func tell(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { Terminal.escape(String($0)) }
        try? Terminal.errors.print("lclctl: " + lines.joined(separator: "\n        "))
    }
}

struct SocketOption: ParsableArguments {
    @Option(name: .customLong("socket"), help: ArgumentHelp("The daemon's control socket.", valueName: "path"), completion: .file())
    var path: String?

    var client: ControlClient { ControlClient(socket: ControlSocket.path(flag: path)) }
}

struct JobArgument: ParsableArguments {
    @Argument(help: "The job, as `lclctl list` shows it.", completion: .custom(JobArgument.candidates))
    var id: JobID

    /// The ids of the newest jobs, for the shell; none where the daemon does not answer at once.
    @Sendable static func candidates(_ words: [String], _ index: Int, _ prefix: String) async -> [String] {
        let client = ControlClient(timeout: .seconds(1))
        let page = try? await client.jobs(JobFilter(limit: 200))
        return (page?.jobs ?? []).map(\.id.rawValue).filter { $0.hasPrefix(prefix) }
    }
}

extension JobID: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
