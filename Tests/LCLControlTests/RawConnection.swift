// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// A Unix socket without any HTTP library between: what a hostile or broken client sends.
final class RawConnection: Sendable {
    private let descriptor: Int32

    /// - Parameter patience: seconds that a silent server is waited for: no test waits for ever.
    init?(_ path: String, patience: Int = 20) {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let outcome = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard outcome == 0 else {
            Glibc.close(descriptor)
            return nil
        }
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        self.descriptor = descriptor
    }

    deinit { Glibc.close(descriptor) }

    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// Says that nothing more comes; answers still can.
    func finish() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next piece of what the server says; `nil` where it says nothing.
    func readSome() async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                var buffer = [UInt8](repeating: 0, count: 65_536)
                let count = recv(descriptor, &buffer, buffer.count, 0)
                continuation.resume(returning: count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil)
            }
        }
    }

    /// Everything until the server closes; `nil` where it does not.
    func readToEnd() async -> String? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                var all: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 65_536)
                while true {
                    let count = recv(descriptor, &buffer, buffer.count, 0)
                    if count < 0 && errno != ECONNRESET { return continuation.resume(returning: nil) }
                    if count <= 0 { return continuation.resume(returning: String(decoding: all, as: UTF8.self)) }
                    all += buffer[..<count]
                }
            }
        }
    }
}
