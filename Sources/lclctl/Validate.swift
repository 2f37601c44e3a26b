// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLJob
import LCLText

struct Validate: Command {
    static let configuration = CommandConfiguration(
        abstract: "Check a job before it is submitted, and tell all its mistakes at once.",
        discussion: "Needs no daemon. Manifest mistakes are told with their JSON paths; pictures are looked at, not decoded.")
    @Argument(help: "A job's directory, or a manifest.", completion: .file())
    var path: String
    @Flag(help: "Print JSON.")
    var json = false

    func execute() async throws {
        let problems = Self.problems(of: path)
        if json {
            try Terminal.output.write(CanonicalJSON.encode(["problems": problems], pretty: true))
        } else if problems.isEmpty {
            try Terminal.output.print("\(Terminal.escape(path)): no mistakes found")
        } else {
            for problem in problems { try Terminal.output.print(Terminal.escape(problem.description)) }
            Complaint.tell("\(path): \(Wording.count(problems.count, "mistake"))")
        }
        if !problems.isEmpty { throw ExitStatus.failed }
    }

    static func problems(of path: String) -> [Failure] {
        switch JobSource.read(path) {
        case .success(let source): source.pictureProblems() + source.linkProblems()
        case .failure(let problems): problems.problems
        }
    }
}
