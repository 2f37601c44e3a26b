// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// How tests end a worker as soon as it is given work: `LCLD_FAULT=worker-killed lcld run`.
struct WorkerFault {
    private let chosen = ProcessInfo.processInfo.environment["LCLD_FAULT"]

    func reach() {
        switch chosen {
        // As the kernel does when memory runs out.
        case "worker-killed": raise(SIGKILL)
        case "worker-aborts": abort()
        // Until the limit says no, and Swift gives up.
        case "worker-exhausted": while true { _ = UnsafeMutableRawPointer.allocate(byteCount: 16 << 20, alignment: 16) }
        default: break
        }
    }
}
