// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLDaemon
import Testing

struct NotifierTests {
    @Test func messages_arriveAsSystemdReadsThem() {
        let path = "/tmp/lcl-notify-\(UUID().uuidString.prefix(8))", manager = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer {
            close(manager)
            unlink(path)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(manager, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        #expect(bound == 0)
        func next() -> String {
            var buffer = [UInt8](repeating: 0, count: 256)
            let count = recv(manager, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return count < 0 ? "" : String(decoding: buffer[..<count], as: UTF8.self)
        }
        let notifier = Notifier(environment: ["NOTIFY_SOCKET": path])
        for (message, text) in [
            (Notifier.Message.ready, "READY=1"), (.stopping, "STOPPING=1"), (.watchdog, "WATCHDOG=1"), (.status("two\nlines"), "STATUS=two lines"),
            (.reloading(microseconds: 7), "RELOADING=1\nMONOTONIC_USEC=7"),
        ] {
            notifier.send(message)
            let heard = next()
            #expect(heard == text)
        }
    }

    @Test func watchdog_isHalfOfItsPatience_forThisProcessOnly() {
        #expect(Notifier(environment: ["WATCHDOG_USEC": "60000000"]).watchdogInterval == .seconds(30))
        #expect(Notifier(environment: ["WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"]).watchdogInterval == nil)
        #expect(Notifier(environment: ["WATCHDOG_USEC": "0"]).watchdogInterval == nil)
        #expect(Notifier(environment: [:]).watchdogInterval == nil)
    }
}
