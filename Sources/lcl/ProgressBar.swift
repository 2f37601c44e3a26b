// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization

/// How far a long command is, on standard error, and only where that is a terminal.
final class ProgressBar: Sendable {
    private let total: Int
    private let isShown: Bool
    private let shown = Mutex(0)
    private static let width = 40

    init(total: Int) {
        self.total = max(1, total)
        isShown = isatty(STDERR_FILENO) == 1
    }

    func show(_ done: Int) {
        guard isShown else { return }
        shown.withLock { most in
            guard done > most else { return }
            most = done
            let filled = done * Self.width / total
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
            FileHandle.standardError.write(Data("\r[\(bar)] \(done)/\(total)".utf8))
        }
    }

    func clear() {
        if isShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}
