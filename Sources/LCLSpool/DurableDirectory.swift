// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc

/// The one routine that makes a directory of files visible: after it returns it is there whole, also after a power cut; until then, and
/// where it throws, what was there before is.
public enum DurableDirectory {
    public enum Content: Sendable {
        case bytes(Data)
        /// A hard link to this file, or a copy of it where that cannot be.
        case file(String)
    }

    /// Whom the directory is for, beside the daemon.
    public enum Readers: Equatable, Sendable {
        case everybody
        case user(UInt32)
    }

    /// Builds `.new-NAME` beside it, flushes it, and gives it the name, exchanging it with what has the name so far, which is removed. One
    /// task at a time may use it for a name.
    public static func put(_ contents: [String: Content], at path: String, for readers: Readers) throws(SpoolError) {
        let cut = path.lastIndex(of: "/")!, folder = try Descriptor.directory(String(path[..<cut]))
        let name = EntryName(String(path[path.index(after: cut)...])), draft = EntryName(draftPrefix + name.description)
        try Removal.remove(draft, in: folder)
        do throws(SpoolError) {
            try build(contents, at: "\(folder.path)/\(draft)", for: readers)
            let isNew = access(path, F_OK) != 0
            try place(draft, as: name, in: folder, isNew: isNew)
            do throws(SpoolError) { try folder.sync() } catch {
                // Nobody knows which the disk has: back to what it was.
                if isNew { try? folder.rename(name, to: folder, as: draft) } else { try? folder.exchange(draft, with: name) }
                throw error
            }
        } catch {
            try? Removal.remove(draft, in: folder)
            throw error
        }
        // What was there before, or nothing: a start removes it where this cannot.
        try? Removal.remove(draft, in: folder)
    }

    /// Removes what a crash left in `folder`.
    public static func sweep(_ folder: String) throws(SpoolError) {
        let home = try Descriptor.directory(folder)
        for name in try home.entries() where name.description.hasPrefix(draftPrefix) { try Removal.remove(name, in: home) }
    }

    private static let draftPrefix = ".new-"

    private static func place(_ draft: EntryName, as name: EntryName, in folder: borrowing Descriptor, isNew: Bool) throws(SpoolError) {
        if isNew { try folder.rename(draft, to: folder, as: name) } else { try folder.exchange(draft, with: name) }
    }

    private static func build(_ contents: [String: Content], at path: String, for readers: Readers) throws(SpoolError) {
        try check(mkdir(path, 0o700), "create", path)
        for (name, content) in contents.sorted(by: { $0.key < $1.key }) {
            switch content {
            case .bytes(let bytes): try create("\(path)/\(name)") { (file) throws(SpoolError) in try file.write(bytes) }
            case .file(let source): try take(source, to: "\(path)/\(name)")
            }
        }
        let home = try Descriptor.directory(path)
        switch readers {
        case .everybody: try check(chmod(path, 0o755), "set the mode of", path)
        case .user(let uid) where uid != geteuid() && uid != 0: try home.share(with: uid)
        case .user: break
        }
        try home.sync()
    }

    private static func take(_ source: String, to path: String) throws(SpoolError) {
        // Another filesystem, or a file that is not ours to link (fs.protected_hardlinks).
        if link(source, path) == 0 { return }
        let original = try Descriptor.open(source, O_RDONLY), length = Int(try original.status().st_size)
        try create(path) { (file) throws(SpoolError) in
            let copied = try file.copy(original, length: length)
            guard copied == length else { throw .wrongLength(path: path, expected: length, found: copied) }
        }
    }

    private static func create(_ path: String, _ fill: (borrowing Descriptor) throws(SpoolError) -> Void) throws(SpoolError) {
        let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
        try check(fchmod(file.raw, 0o644), "set the mode of", path)  // whatever the umask is
        try fill(file)
        try file.sync()
    }
}
