// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLControl
import LCLJob

struct Results: Command {
    static let configuration = CommandConfiguration(abstract: "Print the answers of a job that is done.")
    @OptionGroup var job: JobArgument
    @OptionGroup var form: ResultForm
    @OptionGroup var socket: SocketOption

    func execute() async throws { try await form.print(job.id, socket.client) }
}

/// How a result is printed.
struct ResultForm: ParsableArguments {
    enum Kind: String, EnumerableFlag { case json, csv }

    @Flag(exclusivity: .exclusive, help: "Print the result file as it is (lcl/result/1), or a line of CSV for each query.")
    var kind: Kind?

    func print(_ id: JobID, _ client: ControlClient) async throws {
        switch kind {
        case .json: try await client.result(of: id) { try Terminal.output.write($0) }
        case .csv: try Terminal.output.write(Data(ResultText.csv(try await client.result(of: id)).utf8))
        case nil:
            let colour = Terminal.output.hasColour
            try Terminal.output.write(Data(ResultText.table(try await client.result(of: id), colour: colour).utf8))
        }
    }
}
