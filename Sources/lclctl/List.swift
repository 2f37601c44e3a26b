// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import Glibc
import LCLControl
import LCLJob
import LCLText

struct List: Command {
    static let configuration = CommandConfiguration(
        abstract: "List jobs, newest first.", discussion: "Users see their own jobs; root and the group lcld see all.")
    @Option(help: ArgumentHelp("Only jobs in this state; may be given more than once.", valueName: "state"))
    var state: [JobState] = []
    @Option(help: ArgumentHelp("Only jobs of this user: a name or a number.", valueName: "user"))
    var user: String?
    @Option(help: ArgumentHelp("How many jobs at most.", valueName: "count"))
    var limit = 100
    @Flag(help: "Print JSON.")
    var json = false
    @OptionGroup var socket: SocketOption

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be 1 or more") }
        if let user, Self.uid(of: user) == nil { throw ValidationError("there is no user '\(Terminal.escape(user))'") }
    }

    func execute() async throws {
        let page = try await pages()
        if json { return try Terminal.output.write(CanonicalJSON.encode(page, pretty: true)) }
        try Terminal.output.write(Data(JobText.list(page.jobs, now: .now, colour: Terminal.output.hasColour).utf8))
        if page.next != nil { Complaint.tell("there are more jobs; --limit shows more of them") }
    }

    /// As many pages as `limit` needs.
    private func pages() async throws -> JobPage {
        var all = JobPage(jobs: [], next: nil)
        repeat {
            let count = min(limit - all.jobs.count, JobFilter.maximumLimit)
            let filter = JobFilter(states: state, uid: user.flatMap(Self.uid), limit: count, cursor: all.next)
            let page = try await socket.client.jobs(filter)
            all.jobs += page.jobs
            all.next = page.jobs.isEmpty ? nil : page.next
        } while all.next != nil && all.jobs.count < limit
        return all
    }

    private static func uid(of user: String) -> UInt32? {
        UInt32(user) ?? getpwnam(user).map { $0.pointee.pw_uid }
    }
}

extension JobState: ExpressibleByArgument {}
