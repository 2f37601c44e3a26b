// SPDX-License-Identifier: Apache-2.0
import Dispatch
import LCLWorker
import Synchronization

/// One worker as the daemon would start it, asked what it could still do.
package struct WorkerCheck: Sendable {
    package var confinement = Confinement()
    /// What it could do and must not.
    package var breaches: [String] = []

    package init() {}

    /// - Parameter program: path of `lcld`.
    /// - Throws: ``DaemonError``.
    package static func run(_ settings: Settings, program: String) throws(DaemonError) -> WorkerCheck {
        let state = Mutex(WorkerCheck()), end = DispatchSemaphore(value: 0), cause = Mutex("")
        let process = try WorkerProcess(settings.terms(program).command) { event in
            switch event {
            case .replied(.ready(_, let confinement)): state.withLock { $0.confinement = confinement }
            case .replied(.probed(let breaches)):
                state.withLock { $0.breaches = breaches }
                cause.withLock { $0 = "-" }
            case .replied: break
            case .ended(let why, _):
                cause.withLock { $0 = $0.isEmpty ? why : $0 }
                end.signal()
            }
        }
        process.send(.probe)
        process.finish()
        end.wait()
        let why = cause.withLock { $0 }
        guard why == "-" else { throw .workers(cause: why) }
        return state.withLock { $0 }
    }

    package var text: String {
        let lines = confinement.active.map { "confined by  \($0)" } + confinement.missing.map { "missing      \($0)" } + breaches.map { "POSSIBLE     \($0)" }
        return (lines + [breaches.isEmpty ? "a worker could do nothing that it must not" : "a worker could do what it must not"]).joined(separator: "\n") + "\n"
    }
}
