// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// A damaged database costs no job: the spool's directories say which there are, so an empty file takes its place.
extension JobStore {
    /// Opens the file, as ``init(path:ageing:)`` does. One that is damaged, or that ``distrust()`` was said of, is set aside first,
    /// with what belongs to it, as `PATH.corrupt-STAMP`.
    /// - Parameter stamp: tells files that were set aside apart: milliseconds since 1970 UTC.
    /// - Returns: the store, and where the damaged file lies now, with what was wrong with it.
    public static func openOrRebuild(path: String, stamp: Int64) throws(StoreError) -> (store: JobStore, setAside: (path: String, why: String)?) {
        let why: String
        if access(path + suspectSuffix, F_OK) == 0 {
            why = "SQLite found it damaged while it was in use"
        } else {
            do throws(StoreError) { return (try JobStore(path: path), nil) } catch {
                guard case .damaged(_, let cause) = error else { throw error }
                why = cause
            }
        }
        let aside = "\(path).corrupt-\(stamp)"
        // What belongs to it goes first: a crash in between leaves a file that is still found damaged.
        for suffix in ["-wal", "-shm", ""] where access(path + suffix, F_OK) == 0 {
            guard rename(path + suffix, aside + suffix) == 0 else {
                throw .database(attempt: "set the damaged file aside", path: path, why: String(cString: strerror(errno)))
            }
        }
        unlink(path + suspectSuffix)
        return (try JobStore(path: path), (aside, why))
    }

    /// The next ``openOrRebuild(path:stamp:)`` sets this file aside: SQLite met damage that the check at the start did not see.
    public func distrust() {
        let file = open(path + Self.suspectSuffix, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        if file >= 0 { close(file) }
    }

    private static let suspectSuffix = ".suspect"
}
