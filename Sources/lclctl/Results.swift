// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLControl
import LCLJob
import LCLText

struct Results: Command {
    static let configuration = CommandConfiguration(abstract: "Print the answers of a job that is done, or what a training has made.")
    @OptionGroup var job: JobArgument
    @OptionGroup var form: ResultForm
    @OptionGroup var socket: SocketOption

    func execute() async throws { try await form.print(job.id, socket.client) }
}

/// How a result is printed.
struct ResultForm: ParsableArguments {
    enum Kind: String, EnumerableFlag { case json, csv }

    @Flag(exclusivity: .exclusive, help: "Print the result file as it is (lcl/result/1 or lcl/training/1), or a line of CSV for each query.")
    var kind: Kind?

    func print(_ id: JobID, _ client: ControlClient) async throws {
        switch kind {
        case .json: try await client.result(of: id) { try Terminal.output.write($0) }
        case .csv:
            switch try await client.outcome(of: id) {
            case .answers(let result): try Terminal.output.write(Data(ResultText.csv(result).utf8))
            case .model: throw ControlError(.badRequest, "job \(id) made a model: there are no answers to print as CSV; --json prints its result")
            }
        case nil:
            let colour = Terminal.output.hasColour
            switch try await client.outcome(of: id) {
            case .answers(let result): try Terminal.output.write(Data(ResultText.table(result, colour: colour).utf8))
            case .model(let result): try Terminal.output.write(Data(TrainingText.summary(result, colour: colour).utf8))
            }
        }
    }
}
