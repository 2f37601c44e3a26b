// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The pipes and the socket between the daemon and one worker. A child is given its ends of its own, and no others
/// (``WorkerProcess``).
struct WorkerChannels {
    struct Ends {
        var ours: Int32
        var theirs: Int32
    }

    let input: Ends
    let output: Ends
    let error: Ends
    let pictures: Ends

    /// - Throws: ``DaemonError/spawn(program:code:)``.
    init(_ program: String) throws(DaemonError) {
        var made: [Ends] = []
        func pair(_ make: (UnsafeMutablePointer<Int32>) -> Int32, theirs: Int) throws(DaemonError) -> Ends {
            var ends: [Int32] = [-1, -1]
            guard make(&ends) == 0 else {
                let code = errno
                for end in made.flatMap({ [$0.ours, $0.theirs] }) { close(end) }
                throw .spawn(program: program, code: code)
            }
            made.append(Ends(ours: ends[1 - theirs], theirs: ends[theirs]))
            return made[made.count - 1]
        }
        input = try pair(pipe, theirs: 0)
        output = try pair(pipe, theirs: 1)
        error = try pair(pipe, theirs: 1)
        pictures = try pair({ socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, $0) }, theirs: 1)
    }

    func closeTheirs() { for ends in [input, output, error, pictures] { close(ends.theirs) } }
    func closeOurs() { for ends in [input, output, error, pictures] { close(ends.ours) } }
}
