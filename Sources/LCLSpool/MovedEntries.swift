// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The names of entries that came by rename since the last scan, as inotify(7) tells them.
///
/// Where the kernel's queue ran over, or more came than are remembered, the rest settles like any other entry: a scan always
/// looks through all of `incoming/`.
package struct MovedEntries: Sendable {
    package static let maximum = 10_000

    private var names: Set<EntryName> = []

    package init() {}

    /// Notes what the records in `bytes` say; one that is cut short is passed over.
    package mutating func read(_ bytes: some RandomAccessCollection<UInt8>) {
        let bytes = Array(bytes), header = MemoryLayout<inotify_event>.size
        var at = 0
        while at + header <= bytes.count {
            let event = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: at, as: inotify_event.self) }
            let end = min(at + header + Int(event.len), bytes.count)
            let name = bytes[(at + header)..<end].prefix { $0 != 0 }
            if event.mask & UInt32(IN_MOVED_TO) != 0, !name.isEmpty, names.count < Self.maximum { names.insert(EntryName(bytes: Array(name))) }
            at = end
        }
    }

    package mutating func take() -> Set<EntryName> {
        defer { names = [] }
        return names
    }
}
