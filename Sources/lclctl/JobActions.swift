// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LCLControl
import LCLJob
import LCLText

struct Cancel: Command {
    static let configuration = CommandConfiguration(abstract: "Stop jobs for good.")
    @OptionGroup var target: JobTargets
    func execute() async throws { try await target.perform(.cancel) }
}

struct Hold: Command {
    static let configuration = CommandConfiguration(
        abstract: "Keep jobs from running until they are released.",
        discussion: "A running job is stopped; what was answered is kept, and the rest follows after its release.")
    @OptionGroup var target: JobTargets
    func execute() async throws { try await target.perform(.hold) }
}

struct Release: Command {
    static let configuration = CommandConfiguration(abstract: "Let held jobs run.")
    @OptionGroup var target: JobTargets
    func execute() async throws { try await target.perform(.release) }
}

struct Retry: Command {
    static let configuration = CommandConfiguration(abstract: "Run jobs again that ended badly.")
    @OptionGroup var target: JobTargets
    func execute() async throws { try await target.perform(.retry) }
}

struct SetPriority: Command {
    static let configuration = CommandConfiguration(
        commandName: "priority", abstract: "Change a job's priority.",
        discussion: "For a negative number, write it after two dashes: lclctl priority ID -- -5")
    @OptionGroup var job: JobArgument
    @Argument(help: "From -100 to 100; higher runs first.")
    var priority: Int
    @OptionGroup var socket: SocketOption

    func validate() throws {
        guard (-100...100).contains(priority) else { throw ValidationError("a priority is a number from -100 to 100") }
    }

    func execute() async throws {
        let summary = try await socket.client.perform(.priority(priority), on: job.id)
        try Terminal.output.print("\(summary.id): priority \(summary.priority)")
    }
}

/// One or more jobs that the same is done to.
struct JobTargets: ParsableArguments {
    @Argument(help: "The jobs, as `lclctl list` shows them.", completion: .custom(JobArgument.candidates))
    var ids: [JobID]
    @OptionGroup var socket: SocketOption

    /// Every job is tried; the first complaint decides the exit status.
    func perform(_ action: JobAction) async throws {
        var first: ExitStatus?
        for id in ids {
            do {
                let summary = try await socket.client.perform(action, on: id)
                try Terminal.output.print("\(summary.id): \(summary.state.rawValue)")
            } catch let error as ControlError {
                Complaint.tell(error.message)
                first = first ?? ExitStatus(error)
                if error.code == .notRunning { break }
            }
        }
        if let first { throw first }
    }
}
