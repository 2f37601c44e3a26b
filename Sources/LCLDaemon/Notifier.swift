// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// Tells the service manager how the daemon is: sd_notify(3), the protocol of `$NOTIFY_SOCKET`, without its library.
package struct Notifier: Sendable {
    package enum Message: Sendable {
        case ready
        case stopping
        /// With the monotonic time in microseconds, as `Type=notify-reload` wants it.
        case reloading(microseconds: UInt64)
        case watchdog
        case status(String)

        var text: String {
            switch self {
            case .ready: "READY=1"
            case .stopping: "STOPPING=1"
            case .reloading(let time): "RELOADING=1\nMONOTONIC_USEC=\(time)"
            case .watchdog: "WATCHDOG=1"
            case .status(let text): "STATUS=" + text.replacing("\n", with: " ")
            }
        }
    }

    private let socket: String?
    /// How often the watchdog wants to hear of us: half of what `$WATCHDOG_USEC` allows; `nil` where it does not listen.
    package let watchdogInterval: Duration?

    package init(environment: [String: String]) {
        socket = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
        let isForUs = environment["WATCHDOG_PID"].map { $0 == String(getpid()) } ?? true
        watchdogInterval = environment["WATCHDOG_USEC"].flatMap(UInt64.init).flatMap {
            isForUs && $0 > 0 ? .microseconds(Int64(clamping: $0 / 2)) : nil
        }
    }

    /// Sends one message; without a service manager, does nothing. A lost message is the manager's to notice.
    package func send(_ message: Message) {
        guard let socket else { return }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(socket.utf8)
        // "@" is how the environment writes the zero byte of an abstract socket.
        if path.first == UInt8(ascii: "@") { path[0] = 0 }
        guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
        let text = Array(message.text.utf8)
        withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }
}
