// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob
import LCLWorker

/// What a worker says until its process ends: replies on its standard output, and what it complains of on its standard error.
///
/// The end of the process ends it, not the end of its output: somebody whom the worker started may hold that open.
struct WorkerOutput {
    /// Longest line that is believed: 256 verdicts of a thousand labels each.
    private static let maximumLine = 32 << 20
    private static let maximumComplaint = 512
    /// Fills the pipe's buffer (pipe(7)) once.
    private static let pipeBytes = 1 << 16

    private var pending = Data()
    private var chunk = [UInt8](repeating: 0, count: pipeBytes)
    /// The end of what it wrote to standard error.
    private var complaint: [UInt8] = []

    /// Its last line, printable, or nothing.
    var lastWords: String {
        let line = complaint.split(separator: UInt8(ascii: "\n")).last ?? []
        return String(decoding: line.map { (32..<127).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }

    /// Until the process ends, the output is closed, or a line is no reply.
    /// - Parameter process: pidfd_open(2) of the process; -1 waits for the end of its output alone.
    mutating func listen(_ output: Int32, _ error: Int32, process: Int32, _ deliver: (WorkerReply, _ bytes: Int) -> Void) {
        var sources = [output, error, process].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var left = Self.pipeBytes
        while true {
            guard poll(&sources, 3, -1) > 0 || errno == EINTR else { return }
            if sources[1].revents != 0, !hear(error) { sources[1].fd = -1 }
            let hasEnded = sources[2].revents != 0
            if sources[0].revents == 0 {
                if hasEnded { return }
                continue
            }
            let count = read(output, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0, take(chunk[..<count], deliver) else { return }
            // What it wrote before it ended lies in the pipe; more than a pipe holds is somebody else's.
            if hasEnded { left -= count }
            guard left > 0 else { return }
        }
    }

    private mutating func hear(_ error: Int32) -> Bool {
        let count = read(error, &chunk, chunk.count)
        guard count > 0 else { return count < 0 && errno == EINTR }
        complaint = Array((complaint + chunk[..<count]).suffix(Self.maximumComplaint))
        return true
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>, _ deliver: (WorkerReply, Int) -> Void) -> Bool {
        var rest = bytes
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            pending += rest[..<end]
            guard Self.isComparable(pending), let reply = try? CanonicalJSON.decode(WorkerReply.self, from: pending) else { return false }
            deliver(reply, pending.count)
            pending.removeAll(keepingCapacity: pending.count < 1 << 20)
            rest = rest[(end + 1)...]
        }
        pending += rest
        return pending.count <= Self.maximumLine
    }

    /// Whether its texts can be compared and hashed in time that grows with their length. An honest worker escapes control characters alone.
    static func isComparable(_ line: Data) -> Bool {
        guard line.contains(where: { $0 >= 0xCC || $0 == UInt8(ascii: "\\") }) else { return true }
        var rest = line[...]
        while let escape = rest.firstIndex(of: UInt8(ascii: "\\")) {
            let code = rest[escape...].dropFirst().prefix(3)
            if code.first == UInt8(ascii: "u"), !code.elementsEqual("u00".utf8) { return false }
            rest = rest[escape...].dropFirst(2)
        }
        return String(decoding: line, as: UTF8.self).isComparable
    }
}
