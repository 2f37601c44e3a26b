// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import Glibc
import LCLJob
import LCLWorker
import Synchronization

/// One worker as a child process: requests go down its standard input, replies and at last its end come as events.
///
/// posix_spawn and one blocking thread for each child, rather than an asynchronous wrapper: the order "all it said, then
/// how it died" is plain, and a kill is one system call. The child dies with its input when the daemon dies.
package final class WorkerProcess: Sendable {
    package enum Event: Sendable {
        case replied(WorkerReply)
        /// It is gone and reaped; `memory` where it died for want of memory, by the kernel's hand (SIGKILL that is not ours) or its own.
        case ended(cause: String, memory: Bool)
    }

    package let pid: pid_t
    private let input: Int32
    /// Once true, the pid may be another process's.
    private let isReaped = Mutex(false)
    private let isKilled = Atomic<Bool>(false)
    private let writer: DispatchQueue
    /// Replies that may still be delivered before one is handled. Begun at 0 and raised, since a semaphore may not end below
    /// where it began.
    private let room = DispatchSemaphore(value: 0)

    /// Replies that may wait to be handled: a worker that never stops talking waits too, and the daemon's memory stays bounded.
    package static let window = 64

    /// Longest line that is believed: 256 verdicts of a thousand labels each.
    private static let maximumLine = 64 << 20

    /// Starts `command`.
    /// - Parameter deliver: called on a thread of its own, in order, at most ``window`` replies ahead of ``handled()``;
    ///   `.ended` comes last, exactly once.
    /// - Throws: ``DaemonError/spawn(program:code:)``.
    package init(_ command: [String], deliver: @escaping @Sendable (Event) -> Void) throws(DaemonError) {
        signalPipeOnce()
        var toChild: [Int32] = [-1, -1], fromChild: [Int32] = [-1, -1]
        guard Self.pipe(&toChild) else { throw .spawn(program: command[0], code: errno) }
        guard Self.pipe(&fromChild) else {
            let code = errno
            toChild.forEach { close($0) }
            throw .spawn(program: command[0], code: code)
        }
        let (child, code) = Self.spawn(command, input: toChild[0], output: fromChild[1])
        close(toChild[0])
        close(fromChild[1])
        guard code == 0 else {
            close(toChild[1])
            close(fromChild[0])
            throw .spawn(program: command[0], code: code)
        }
        pid = child
        input = toChild[1]
        writer = DispatchQueue(label: "lcld.worker.\(child)")
        for _ in 0..<Self.window { room.signal() }
        let output = fromChild[0]
        let thread = Thread { [self] in
            Self.readLines(output) {
                room.wait()
                deliver(.replied($0))
            }
            close(output)
            // A worker whose output makes no sense is a dead one; one that has closed it can say nothing more. One that is dead
            // by now died of itself.
            killUnlessDead()
            let (cause, memory) = reap()
            deliver(.ended(cause: cause, memory: memory))
        }
        thread.name = "worker \(child)"
        thread.start()
    }

    deinit { close(input) }

    /// Sends a request without blocking the caller; where the worker is gone, its end says so.
    func send(_ request: WorkerRequest) {
        writer.async { [self] in
            guard let line = try? CanonicalJSON.encode(request) else { preconditionFailure("requests can be encoded") }
            line.withUnsafeBytes { bytes in
                var rest = bytes
                while !rest.isEmpty {
                    let count = write(input, rest.baseAddress, rest.count)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else { return }
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                }
            }
        }
    }

    /// To be called once for each delivered reply, when nothing of it waits any more.
    package func handled() { room.signal() }

    package func kill() {
        isKilled.store(true, ordering: .relaxed)
        isReaped.withLock { if !$0 { _ = Glibc.kill(pid, SIGKILL) } }
    }

    /// Both ends are closed in other children. Workers are started one after the other, so none slips in between.
    private static func pipe(_ ends: inout [Int32]) -> Bool {
        Glibc.pipe(&ends) == 0 && ends.allSatisfy { fcntl($0, F_SETFD, FD_CLOEXEC) == 0 }
    }

    private static func spawn(_ command: [String], input: Int32, output: Int32) -> (pid_t, Int32) {
        var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        // Its own process group: the terminal's Ctrl-C is for the daemon, which lets the worker finish its batch.
        // Signals as at birth: the daemon ignores some, and a child would inherit that.
        var all = sigset_t(), none = sigset_t()
        sigfillset(&all)
        sigdelset(&all, SIGKILL)
        sigdelset(&all, SIGSTOP)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var arguments = command.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, command[0], &actions, &attributes, &arguments, environ)
        return (child, code)
    }

    /// Until the end, or a line that is no reply.
    private static func readLines(_ descriptor: Int32, _ deliver: (WorkerReply) -> Void) {
        var pending = Data(), chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            var rest = chunk[..<count]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                pending += rest[..<end]
                guard let reply = try? CanonicalJSON.decode(WorkerReply.self, from: pending) else { return }
                deliver(reply)
                pending.removeAll(keepingCapacity: pending.count < 1 << 20)
                rest = rest[(end + 1)...]
            }
            pending += rest
            guard pending.count <= maximumLine else { return }
        }
    }

    /// Waits for the end without reaping, so that a kill meanwhile still means this child.
    private func reap() -> (cause: String, memory: Bool) {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        var status: Int32 = 0
        let waited = isReaped.withLock { reaped in
            reaped = true
            return waitpid(pid, &status, 0)
        }
        guard waited == pid else { return ("worker \(pid) vanished: \(String(cString: strerror(errno)))", false) }
        let signal = status & 0x7f, exit = (status >> 8) & 0xff
        if signal == 0 {
            let memory = exit == WorkerStreams.exhausted
            return ("worker \(pid) " + (memory ? "reached its limit of memory (workers.memory)" : "exited with status \(exit)"), memory)
        }
        return ("worker \(pid) was ended by signal \(signal) (\(String(cString: strsignal(signal))))", signal == SIGKILL && !isKilled.load(ordering: .relaxed))
    }

    /// Its output has ended: where it does not follow soon, it is killed.
    private func killUnlessDead() {
        var info = siginfo_t()
        for _ in 0..<50 {
            if waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT | WNOHANG) == 0, info.si_signo != 0 { return }
            usleep(2000)
        }
        kill()
    }
}

/// Writing to a worker that is gone is an error to be told, not the daemon's end.
private func signalPipeOnce() { _ = ignoredSignalPipe }
private let ignoredSignalPipe: Void = { _ = signal(SIGPIPE, SIG_IGN) }()
