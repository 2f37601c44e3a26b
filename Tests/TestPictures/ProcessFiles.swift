// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization

/// Files in `/tmp` that tests of one process share, removed when it ends.
package enum ProcessFiles {
    private static let made = Mutex<[URL]>([])
    private static let removal: Void = { _ = atexit { for file in ProcessFiles.made.withLock({ $0 }) { try? FileManager.default.removeItem(at: file) } } }()

    /// A path of this process's own.
    package static func path(_ name: String) -> URL {
        let file = URL(filePath: "/tmp/lcl-\(getpid())-\(name)")
        made.withLock { $0.append(file) }
        removal
        return file
    }
}
