// SPDX-License-Identifier: Apache-2.0
import CPosix
import Foundation
import Glibc

/// What a worker has given up before it reads its first message, layer by layer: not every kernel has all.
public struct Confinement: Codable, Equatable, Sendable {
    /// The layers in force.
    public var active: [String] = []
    /// The others, each with the reason.
    public var missing: [String] = []

    public init(active: [String] = [], missing: [String] = []) {
        self.active = active
        self.missing = missing
    }

    /// Confines this process for good: no files but `readable` and what lies beneath them, nothing to write to but what is open, no
    /// network, no other process. To be called while it has one thread: all but the last layer are of the calling thread and its children.
    /// - Parameter memory: bytes of data that the process may allocate; 0 is no limit.
    static func enter(memory: Int, readable: [String]) -> Confinement {
        precondition(threads <= 1, "a worker has one thread when it is confined: see WorkerProcess.environment")
        var confinement = Confinement()
        // With no rights to it this fails, and is not missed: without sockets there is no network to leave.
        if cposix_leave_network() == 0 { confinement.active.append("network namespace") }
        confinement.note("capabilities", cposix_drop_capabilities())
        confinement.limit(memory: memory)
        let version = withCStrings(readable) { cposix_landlock($0, readable.count) }
        confinement.note(version > 0 ? "landlock \(version)" : "landlock", version)
        confinement.note("seccomp", cposix_filter_calls())
        return confinement
    }

    /// Leaves no files to this process but `readable` and what lies beneath, of those that it could read so far; where the kernel cannot do
    /// that, ``enter(memory:readable:)`` has said so.
    static func narrow(to readable: [String]) { _ = withCStrings(readable) { cposix_landlock($0, readable.count) } }

    private mutating func note(_ layer: String, _ outcome: Int32) {
        if outcome >= 0 { active.append(layer) } else { missing.append("\(layer): \(String(cString: strerror(errno)))") }
    }

    private mutating func limit(memory: Int) {
        // Where the machine has no memory left, the kernel is to end a worker and not the daemon (proc_pid_oom_score_adj(5)).
        try? Data("500".utf8).write(to: URL(filePath: "/proc/self/oom_score_adj"))
        _ = cposix_hide_memory()
        // A write to a file that is open all the same fails, rather than being the end.
        signal(SIGXFSZ, SIG_IGN)
        Self.limit(RLIMIT_CORE, to: 0)
        Self.limit(RLIMIT_FSIZE, to: 0)
        // Models' files are held open, as many shards as there are.
        Self.limit(RLIMIT_NOFILE, to: 256)
        // Private data only: mapped weights and the address space that OpenBLAS reserves do not count.
        if memory > 0 { Self.limit(RLIMIT_DATA, to: memory) }
        active.append("limits")
    }

    private static func limit(_ resource: __rlimit_resource, to value: Int) {
        var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
        setrlimit(__rlimit_resource_t(resource.rawValue), &limit)
    }

    /// Of this process; 0 where there is no procfs to say so.
    private static var threads: Int { (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0 }
}

/// Calls `body` with the texts as C has them.
private func withCStrings<T>(_ texts: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> T) -> T {
    let copies = texts.map { UnsafePointer(strdup($0)) }
    defer { copies.forEach { free(UnsafeMutableRawPointer(mutating: $0)) } }
    return body(copies)
}

extension Confinement {
    /// What this process could still do of that which no worker may.
    static func breaches() -> [String] {
        var found: [String] = [], cause: Int32 = 0, number: Int32 = 0
        while let name = cposix_probe(number, &cause) {
            if ![EPERM, EACCES, ENOSYS].contains(cause) { found.append(String(cString: name)) }
            number += 1
        }
        return found
    }
}
