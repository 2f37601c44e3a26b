// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Removes trees that strangers made: without following a link, in bounded depth and memory, whatever lies in them.
enum Removal {
    private static let maximumDepth = 64
    /// Names of one folder that are read before they are removed.
    private static let part = 4096
    private static let deepPrefix = ".deep-"
    /// Of what was moved in the place of what was judged.
    private static let swappedPrefix = ".swapped-"
    /// Names of one tree: twice what a job may have. Somebody may be making new ones all the while.
    private static let maximumNames = 2 * Listing.maximumFiles

    /// Removes `name` in `directory` and everything beneath; that it is not there is no error.
    /// - Throws: EPERM where a third user's folder lies in it, since our privileges are not there to remove what its owner may not;
    ///   ENOTEMPTY where it has more names, or no end.
    static func remove(_ name: EntryName, in directory: borrowing Descriptor) throws(SpoolError) {
        do throws(SpoolError) {
            let status = try directory.status(of: name)
            guard status.isDirectory else { return try directory.remove(name) }
            let top = try directory.open(name, O_RDONLY | O_DIRECTORY)
            var left = maximumNames
            try empty(top, top, 0, of: status.st_uid, &left)
            try directory.remove(name, directory: true)
        } catch where error.isVanished {}
    }

    /// A folder that lies too deep is moved to the top of the tree, whose turn comes again, so that few descriptors are ever open.
    private static func empty(
        _ folder: borrowing Descriptor, _ top: borrowing Descriptor, _ depth: Int, of owner: uid_t, _ left: inout Int
    ) throws(SpoolError) {
        while case let names = try folder.entries(upTo: part), !names.isEmpty {
            left -= names.count
            guard left > 0 else { throw .system(attempt: "remove all of", path: folder.path, errno: ENOTEMPTY) }
            for name in names {
                do throws(SpoolError) { try remove(name, in: folder, top, depth, of: owner, &left) } catch where error.isVanished {}
            }
        }
    }

    private static func remove(
        _ name: EntryName, in folder: borrowing Descriptor, _ top: borrowing Descriptor, _ depth: Int, of owner: uid_t, _ left: inout Int
    ) throws(SpoolError) {
        guard try folder.status(of: name).isDirectory else { return try folder.remove(name) }
        do throws(SpoolError) {
            return try folder.remove(name, directory: true)
        } catch .system(_, _, ENOTEMPTY), .system(_, _, EEXIST) {}
        // What is judged is what was opened: another may have its name by now.
        let inner = try folder.open(name, O_RDONLY | O_DIRECTORY), holder = try inner.status().st_uid
        // In a directory of ours, a submitter's is his, and what we have moved there was judged before.
        let isHis = depth == 0 && owner == geteuid() && (name == EntryName(Spool.originalName) || name.description.hasPrefix(deepPrefix))
        let isSwapped = depth == 0 && name.description.hasPrefix(swappedPrefix), owner = isHis ? holder : owner
        guard !isSwapped, owner == 0 || [owner, geteuid()].contains(holder) else { throw .system(attempt: "remove", path: "\(folder.path)/\(name)", errno: EPERM) }
        if depth == maximumDepth {
            let number = UInt64.random(in: 0 ... .max), deep = EntryName("\(deepPrefix)\(number)")
            try folder.rename(name, to: top, as: deep)
            guard try top.status(of: deep).st_ino == inner.status().st_ino else { return try top.rename(deep, to: top, as: EntryName("\(swappedPrefix)\(number)")) }
            return
        }
        try empty(inner, top, depth + 1, of: owner, &left)
        try folder.remove(name, directory: true)
    }
}
