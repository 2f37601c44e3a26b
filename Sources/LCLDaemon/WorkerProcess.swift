// SPDX-License-Identifier: Apache-2.0
import CPosix
import Dispatch
import Foundation
import Glibc
import LCLJob
import LCLWorker
import Synchronization

/// One worker as a child process: requests go down its standard input, replies and at last its end come as events, pictures are
/// handed to it over a socket.
///
/// posix_spawn and blocking threads for each child, rather than an asynchronous wrapper: the order "all it said, then
/// how it died" is plain, and a kill is one system call. The child dies with its input when the daemon dies.
package final class WorkerProcess: Sendable {
    package enum Event: Sendable {
        case replied(WorkerReply)
        /// It is gone and reaped. For want of memory it died by the kernel's hand (SIGKILL that is not ours) or its own.
        case ended(cause: String, JobRun.Death)
    }

    package let pid: pid_t
    private let input: Int32
    /// Once true, the pid may be another process's.
    private let isReaped = Mutex(false)
    private let isKilled = Atomic<Bool>(false)
    private let writer: DispatchQueue
    private let desk: PictureDesk
    private let room = ReplyWindow()

    /// Replies that may wait to be handled.
    package static let window = ReplyWindow.size

    /// Starts `command`.
    /// - Parameter deliver: called on a thread of its own, in order, at most ``window`` replies ahead of ``handled()``;
    ///   `.ended` comes last, exactly once.
    /// - Throws: ``DaemonError/spawn(program:code:)``.
    package init(_ command: [String], deliver: @escaping @Sendable (Event) -> Void) throws(DaemonError) {
        signalPipeOnce()
        let ends = try WorkerChannels(command[0])
        let (child, code) = Self.spawn(command, ends)
        ends.closeTheirs()
        guard code == 0 else {
            ends.closeOurs()
            throw .spawn(program: command[0], code: code)
        }
        pid = child
        input = ends.input.ours
        writer = DispatchQueue(label: "lcld.worker.\(child)")
        desk = PictureDesk(socket: ends.pictures.ours, worker: child)
        let process = cposix_open_process(child)
        let thread = Thread { [self] in
            var output = WorkerOutput()
            output.listen(ends.output.ours, ends.error.ours, process: process) { reply, bytes in
                room.enter(bytes)
                deliver(.replied(reply))
            }
            // A worker whose output makes no sense is a dead one; one that has closed it can say nothing more. One that is dead
            // by now died of itself.
            killUnlessDead()
            desk.shut()
            let (cause, death) = reap()
            for end in [ends.output.ours, ends.error.ours, process] where end >= 0 { close(end) }
            deliver(.ended(cause: cause + (output.lastWords.isEmpty ? "" : ", saying '\(output.lastWords)'"), death))
        }
        thread.name = "worker \(child)"
        thread.start()
    }

    deinit { close(input) }

    /// Sends a request without blocking the caller; where the worker is gone, its end says so.
    /// - Parameter pictures: where its pictures lie; it gets no others.
    package func send(_ request: WorkerRequest, pictures: PictureDesk.Folder? = nil) {
        desk.serve(pictures)
        say(request)
    }

    /// The same in the middle of its work: its files stay what they are.
    func say(_ request: WorkerRequest) {
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

    /// Closes its input once all requests are written: it ends when it has answered them.
    func finish() {
        writer.async { [self] in
            // The descriptor stays ours, so that its number means nothing else.
            let nothing = open("/dev/null", O_WRONLY | O_CLOEXEC)
            dup2(nothing, input)
            close(nothing)
        }
    }

    var isAwaitingPicture: Bool { desk.isOpening }

    /// Its job was taken from it: it gets no more pictures.
    func rest() { desk.serve(nil) }

    /// To be called once for each delivered reply, when nothing of it waits any more.
    package func handled() { room.leave() }

    /// Ends it and whatever it may have started.
    package func kill() {
        isKilled.store(true, ordering: .relaxed)
        isReaped.withLock { if !$0 { _ = Glibc.kill(-pid, SIGKILL) } }
    }

    private static func spawn(_ command: [String], _ ends: WorkerChannels) -> (pid_t, Int32) {
        var actions = posix_spawn_file_actions_t(), attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        for (end, standard) in [(ends.input, 0), (ends.output, 1), (ends.error, 2), (ends.pictures, HandedPictures.standardDescriptor)] {
            posix_spawn_file_actions_adddup2(&actions, end.theirs, standard)
        }
        // Nothing else of the daemon's: some libraries leave what they open to every child, as NIO does connections that it accepts.
        cposix_close_from(&actions, HandedPictures.standardDescriptor + 1)
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
        var arguments = command.map { strdup($0) } + [nil], variables = environment.map { strdup($0) } + [nil]
        defer { (arguments + variables).forEach { free($0) } }
        var child: pid_t = 0
        let code = posix_spawn(&child, command[0], &actions, &attributes, &arguments, &variables)
        return (child, code)
    }

    /// The daemon's, without what only the daemon is to be told, and with what a worker must be told.
    private static var environment: [String] {
        let own = ProcessInfo.processInfo.environment.filter { !["NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY", "WATCHDOG_PID", "WATCHDOG_USEC"].contains($0.key) }
        return own.merging(WorkerProgram.environment) { $1 }.map { "\($0.key)=\($0.value)" }
    }

    /// Waits for the end without reaping, so that a kill meanwhile still means this child and its group.
    private func reap() -> (cause: String, JobRun.Death) {
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        let isOurs = isKilled.load(ordering: .relaxed)
        kill()
        var status: Int32 = 0
        let waited = isReaped.withLock { reaped in
            reaped = true
            return waitpid(pid, &status, 0)
        }
        guard waited == pid else { return ("worker \(pid) vanished: \(String(cString: strerror(errno)))", .crash) }
        let signal = status & 0x7f, exit = (status >> 8) & 0xff
        switch (signal, exit) {
        case (0, WorkerStreams.exhausted): return ("worker \(pid) reached its limit of memory (workers.memory)", .memory)
        case (0, WorkerStreams.bereft): return ("a file of its model was changed or cut short under worker \(pid)", .model)
        case (0, WorkerStreams.outdated): return ("worker \(pid) is older than the model", .outdated)
        case (0, WorkerStreams.unserved): return ("worker \(pid) was handed no pictures any more", .unserved)
        case (0, _): return ("worker \(pid) exited with status \(exit)", .crash)
        default:
            return ("worker \(pid) was ended by signal \(signal) (\(String(cString: strsignal(signal))))", signal == SIGKILL && !isOurs ? .memory : .crash)
        }
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
