// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob

/// What a directory, or a bare manifest, says it wants classified.
public struct JobContents: Sendable {
    /// Its queries are a list, never a pattern.
    public var manifest: Manifest
    /// Files that the layout or a pattern found and no manifest can name, by the name that stands for them.
    public var unreadable: [String: Failure] = [:]
}

extension JobDirectory {
    /// Reads `job.json`, or the layout `support/LABEL/*` and `queries/*`, and expands folders and globs of queries.
    /// - Parameter files: of more than these, in a layout or beneath a pattern, it is refused.
    /// - Returns: everything that is wrong with it where it cannot be read; `manifest.missing` where this is no job at all.
    /// - Throws: ``SpoolError`` where the machine is at fault.
    public func contents(upTo files: Int = maximumFiles) throws(SpoolError) -> Result<JobContents, Problems> {
        do throws(Refusal) {
            if let text = try manifestText() {
                return try resolved(Manifest.read(Data(text))) { () throws(Refusal) in try Listing(self, limit: files) }
            }
            let listing = try Listing(self, limit: files)
            guard listing.files.contains(where: { $0.hasPrefix("support/") }) else {
                return .failure(Problems(Failure(.manifestMissing, "there is neither job.json nor support/LABEL/ with pictures; see lclctl submit --help")))
            }
            return Manifest.fromLayout(files: listing.files).map { JobContents(manifest: $0, unreadable: listing.unreadable) }
        } catch {
            return .failure(try error.problems())
        }
    }

    /// The bytes of `job.json`, or `nil` where there is none.
    private func manifestText() throws(Refusal) -> [UInt8]? {
        do throws(Refusal) {
            return try text(of: Manifest.fileName)
        } catch .picture(let failure) where failure.code == .imageMissing {
            return nil
        }
    }

    /// The bytes of one manifest.
    func text(of name: String) throws(Refusal) -> [UInt8] {
        try withPicture(name, upTo: Manifest.maximumBytes) { (file, size) throws(Refusal) in
            do throws(SpoolError) { return try file.read(upTo: size) } catch { throw Refusal(error, name) }
        }
    }
}

/// `manifest` with its folders and patterns expanded against the files that `listing` finds.
func resolved(_ manifest: Result<Manifest, Problems>, listing: () throws(Refusal) -> Listing) throws(Refusal) -> Result<JobContents, Problems> {
    guard case .success(let read) = manifest, !read.patterns.isEmpty else { return manifest.map { JobContents(manifest: $0) } }
    let found = try listing()
    return read.resolving(files: found.files).map { JobContents(manifest: $0, unreadable: found.unreadable) }
}

extension Refusal {
    /// What it says of a job whose manifest or folders it stopped us from reading.
    /// - Throws: the machine's failure.
    func problems() throws(SpoolError) -> Problems {
        switch self {
        case .environment(let cause): throw cause
        case .job(let failure): return Problems(failure)
        case .picture(let failure):
            let code: Failure.Code =
                switch failure.code {
                case .imageTooLarge: .manifestTooLarge
                case .imageEmpty: .manifestJSON
                case .jobTooLarge: .jobTooLarge
                default: .jobUnreadable
                }
            return Problems(Failure(code, failure.message, subject: failure.subject))
        }
    }
}
