// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Removes trees that strangers made: without following a link, in bounded depth, whatever lies in them.
enum Removal {
    private static let maximumDepth = 64

    /// Removes `name` in `directory` and everything beneath; that it is not there is no error.
    static func remove(_ name: EntryName, in directory: borrowing Descriptor) throws(SpoolError) {
        do throws(SpoolError) {
            guard try directory.status(of: name).isDirectory else { return try directory.remove(name) }
            var deeper = true
            while deeper {
                deeper = false
                let top = try directory.open(name, O_RDONLY | O_DIRECTORY)
                try empty(top, top, 0, &deeper)
            }
            try directory.remove(name, directory: true)
        } catch where error.isVanished {}
    }

    /// A folder that lies too deep is moved to the top of the tree, for another round, so that few descriptors are ever open.
    private static func empty(_ folder: borrowing Descriptor, _ top: borrowing Descriptor, _ depth: Int, _ deeper: inout Bool) throws(SpoolError) {
        for name in try folder.entries() {
            guard try folder.status(of: name).isDirectory else {
                try folder.remove(name)
                continue
            }
            if depth == maximumDepth {
                try folder.rename(name, to: top, as: EntryName(".deep-\(UInt64.random(in: 0 ... .max))"))
                deeper = true
                continue
            }
            do throws(SpoolError) {
                try folder.remove(name, directory: true)
            } catch .system(_, _, ENOTEMPTY), .system(_, _, EEXIST) {
                try empty(folder.open(name, O_RDONLY | O_DIRECTORY), top, depth + 1, &deeper)
                try folder.remove(name, directory: true)
            }
        }
    }
}
