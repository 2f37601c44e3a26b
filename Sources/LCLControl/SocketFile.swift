// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// The socket's place in the filesystem: made under another name, opened to all, then renamed into place, so that whoever
/// finds it finds it ready, and one that a crash left behind is replaced in one step.
struct SocketFile: Sendable {
    let path: String
    /// Where the server binds.
    var temporary: String { path + ".new" }

    /// `sun_path` of unix(7), without its final zero.
    private static let maximumLength = 107

    /// Makes the directory where it is missing.
    /// - Throws: ``ControlError`` `socket.path`: too long, or something there that is no socket; `socket.in_use`.
    init(path: String) throws(ControlError) {
        self.path = path
        guard temporary.utf8.count <= Self.maximumLength else {
            throw ControlError(.socketPath, "the socket's path '\(path)' has \(path.utf8.count) bytes; at most \(Self.maximumLength - 4) are possible")
        }
        try makeDirectory()
        guard let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType else { return }
        guard type == .typeSocket else {
            throw ControlError(.socketPath, "'\(path)' exists and is no socket; move it away, or choose another path")
        }
        guard !isServed() else {
            throw ControlError(.socketInUse, "another daemon answers on '\(path)'; stop it first, or choose another path")
        }
    }

    /// Lets everyone connect (rights go by who connects) and moves the socket into place.
    /// - Throws: ``ControlError`` `socket.path`.
    func publish() throws(ControlError) {
        guard chmod(temporary, 0o666) == 0, rename(temporary, path) == 0 else {
            throw ControlError(.socketPath, "unable to put the socket at '\(path)': \(String(cString: strerror(errno)))")
        }
    }

    /// Removes the socket unless another server has taken its place.
    func remove() {
        guard !isServed() else { return }
        unlink(path)
    }

    private func makeDirectory() throws(ControlError) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let directory = String(path[..<slash])
        if mkdir(directory, 0o755) == 0 {
            // Whatever the umask is.
            chmod(directory, 0o755)
        } else if errno != EEXIST {
            throw ControlError(.socketPath, "unable to make the socket's directory '\(directory)': \(String(cString: strerror(errno)))")
        }
    }

    /// Whether somebody listens: a connection is made, or only the queue is full.
    private func isServed() -> Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(Self.maximumLength)) }
        let outcome = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return outcome == 0 || errno == EAGAIN
    }
}
