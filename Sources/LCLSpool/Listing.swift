// SPDX-License-Identifier: Apache-2.0
import Glibc
import LCLJob

/// The files beneath a directory, as the paths that a manifest can name. Hidden ones are passed over, and links are listed,
/// not followed, so that each is answered with the reason.
struct Listing {
    static let maximumDepth = 15
    static let maximumFiles = JobDirectory.maximumFiles
    /// Of all paths together: as much as a manifest may have that lists them.
    static let maximumBytes = Manifest.maximumBytes

    private(set) var files: [String] = []
    /// Files whose names no manifest can hold (not UTF-8, control characters), by the name that stands for them in ``files``.
    private(set) var unreadable: [String: Failure] = [:]

    /// Of all paths together.
    private(set) var bytes = 0

    /// Lists `folder` beneath `directory`; "" is the directory itself.
    /// - Parameters:
    ///   - limit: of more files it is refused.
    ///   - most: of more bytes of their paths.
    init(_ directory: JobDirectory, folder: String = "", limit: Int = maximumFiles, bytes most: Int = maximumBytes) throws(Refusal) {
        var folders = [(path: folder, depth: 0)], left = limit
        while let (folder, depth) = folders.popLast() {
            let entries: [(EntryName, Bool)]
            do throws(SpoolError) {
                entries = try Self.entries(directory, folder, &left)
            } catch {
                throw Refusal(error, folder)
            }
            guard left >= 0 else {
                throw .picture(Failure(.jobTooLarge, "there are more than \(limit) files and folders; split the job"))
            }
            for (name, isDirectory) in entries {
                let path = folder.isEmpty ? Self.shown(name) : folder + "/" + Self.shown(name)
                bytes += path.utf8.count
                guard bytes <= most else {
                    throw .picture(Failure(.jobTooLarge, "the paths of its files have more than \(Self.maximumBytes) bytes; use shorter names, or split the job"))
                }
                if isDirectory && name.text == Self.shown(name) {
                    guard depth < Self.maximumDepth else {
                        throw .picture(Failure(.jobTooLarge, "'\(path)' lies more than \(Self.maximumDepth) folders deep", subject: path))
                    }
                    folders.append((path, depth + 1))
                } else {
                    add(path, name)
                }
            }
        }
    }

    /// What all of them found; what several did, once.
    init(joining listings: [Listing]) {
        var known: Set<String> = []
        files = listings.flatMap(\.files).filter { known.insert($0).inserted }
        for listing in listings { unreadable.merge(listing.unreadable) { $1 } }
    }

    /// The same files by absolute paths.
    func prefixed(_ root: String) -> Listing {
        var copy = self
        copy.files = files.map { root + "/" + $0 }
        copy.bytes += files.count * (root.utf8.count + 1)
        copy.unreadable = Dictionary(uniqueKeysWithValues: unreadable.map { (root + "/" + $0.key, $0.value) })
        return copy
    }

    private mutating func add(_ path: String, _ name: EntryName) {
        if name.text != Self.shown(name) {
            let why = "the name of '\(path)' is not UTF-8, has control characters, or has combining marks at its beginning or too many in a row; rename it"
            guard unreadable.updateValue(Failure(.imageUnreadable, why, subject: path), forKey: path) == nil else { return }
        }
        files.append(path)
    }

    /// The visible entries of one folder, and whether each is a directory; all are taken off `left`, which ends below zero where there
    /// are more.
    private static func entries(_ directory: JobDirectory, _ folder: String, _ left: inout Int) throws(SpoolError) -> [(EntryName, Bool)] {
        try directory.withFolder(folder) { (folder) throws(SpoolError) in
            var entries: [(EntryName, Bool)] = []
            let names = try folder.entries(upTo: left + 1)
            left -= names.count
            guard left >= 0 else { return [] }
            for name in names where !name.isHidden {
                do throws(SpoolError) {
                    entries.append((name, try folder.status(of: name).isDirectory))
                } catch where error.isVanished {}
            }
            return entries
        }
    }

    private static func shown(_ name: EntryName) -> String {
        var run = 0
        let plain = String(String.UnicodeScalarView(name.description.unicodeScalars.map { scalar in
            run = scalar.isMark ? run + 1 : 0
            return scalar.isControl || run > String.maximumMarks ? "\u{FFFD}" : scalar
        }))
        return plain.joinsSlash ? "\u{FFFD}" + plain : plain
    }
}
