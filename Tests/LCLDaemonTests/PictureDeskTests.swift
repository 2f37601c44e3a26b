// SPDX-License-Identifier: Apache-2.0
import Glibc
import LCLDaemon
import Testing

struct PictureDeskTests {
    /// Workers that die together are replaced while the last of them is cleaned up.
    @Test func shut_leavesTheNextSocketAlone_whenItHasTheNumberOfTheOneThatWasClosed() throws {
        let old = Self.pair()
        defer { close(old[0]) }
        // A number that nothing else of this process comes to.
        let number = fcntl(old[0], F_DUPFD_CLOEXEC, 900)
        let desk = PictureDesk(socket: number, worker: 1)
        close(old[1])
        while fcntl(number, F_GETFD) >= 0 { usleep(1000) }
        let next = Self.pair()
        defer { for end in next { close(end) } }
        try #require(fcntl(next[0], F_DUPFD_CLOEXEC, number) == number)
        defer { close(number) }
        desk.shut()
        #expect(send(next[1], [7 as UInt8], 1, Int32(MSG_NOSIGNAL)) == 1)
    }

    private static func pair() -> [Int32] {
        var ends: [Int32] = [-1, -1]
        precondition(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        return ends
    }
}
