// SPDX-License-Identifier: Apache-2.0
import Glibc
import LCLJob

/// Finds the complete entries of `incoming/`: state S1. It keeps what it saw from scan to scan; one task owns it.
///
/// An entry is complete when it came by rename (the watcher saw it), when its `.ready` file is there (inside a directory;
/// `NAME.json.ready` beside a bare manifest), or when nothing of it moved for the settling time: neither names, sizes, mtimes
/// nor ctimes of anything in it.
public struct IncomingScanner: Sendable {
    public struct Scan: Sendable {
        /// Complete, in the order in which they came.
        public var ready: [Offer]
        /// Still being written, as far as one can tell: scan again after the settling time.
        public var waiting: Int
    }

    private struct Seen {
        var fingerprint: Int
        /// Since when it has had this fingerprint, milliseconds.
        var since: Int64
    }

    private let spool: Spool
    private let settlingTime: Int64
    private var seen: [EntryName: Seen] = [:]
    /// Whether `active/` may hold claims: at first, and after a take that failed. It is not looked through else, since a long
    /// queue lies there too.
    private var expectsClaims = true

    /// - Parameter settlingTime: milliseconds.
    public init(spool: Spool, settlingTime: Int64 = 1000) {
        self.spool = spool
        self.settlingTime = settlingTime
    }

    /// A take did not come to its end: its claim is offered by the next scan.
    public mutating func expectClaims() { expectsClaims = true }

    /// - Parameters:
    ///   - now: milliseconds of any clock that does not go back.
    ///   - moved: entries that are known to have come by rename; see ``IncomingWatcher/takeMoved()``.
    public mutating func scan(now: Int64, moved: Set<EntryName> = []) throws(SpoolError) -> Scan {
        let incoming = try Descriptor.directory(spool.directory(.incoming))
        var ready: [(offer: Offer, came: timespec)] = [], waiting: [EntryName: Seen] = [:], budgets: [UInt32: Int] = [:], counts: [UInt32: Int] = [:]
        func isOneMore(of owner: UInt32) -> Bool {
            counts[owner, default: 0] += 1
            return counts[owner]! <= Self.perOwner
        }
        try incoming.visit { (name) throws(SpoolError) in
            guard !name.isHidden, !name.hasSuffix(".json" + Intake.readySuffix) else { return true }
            do throws(SpoolError) {
                let status = try incoming.status(of: name)
                guard isOneMore(of: status.st_uid) else { return true }
                if moved.contains(name) || Self.hasReadyFile(name, status, incoming) {
                    ready.append((Offer(name: name, owner: status.st_uid), status.st_ctim))
                    return true
                }
                let fingerprint = try Self.fingerprint(name, status, incoming, &budgets[status.st_uid, default: Listing.maximumFiles])
                let since = seen[name].flatMap { $0.fingerprint == fingerprint ? $0.since : nil } ?? now
                if seen[name] != nil && now - since >= settlingTime {
                    ready.append((Offer(name: name, owner: status.st_uid), status.st_ctim))
                } else {
                    waiting[name] = Seen(fingerprint: fingerprint, since: since)
                }
            } catch where !error.isShortage {
                // It went away, or is none that can be looked at (a user's own mount): taking it will say why.
                if !error.isVanished, isOneMore(of: .max) { ready.append((Offer(name: name, owner: .max), timespec())) }
            }
            return true
        }
        seen = waiting
        ready.sort { ($0.came.tv_sec, $0.came.tv_nsec, $0.offer.name) < ($1.came.tv_sec, $1.came.tv_nsec, $1.offer.name) }
        return Scan(ready: try claims() + ready.map(\.offer), waiting: waiting.count)
    }

    /// Entries of one user that are looked at in one scan; the others' turn comes when these are gone.
    private static let perOwner = 100_000

    /// S2: claims that an earlier try did not bring to an end.
    private mutating func claims() throws(SpoolError) -> [Offer] {
        guard expectsClaims else { return [] }
        let active = try Descriptor.directory(spool.directory(.active))
        var offers: [Offer] = []
        for name in try active.entries() where name.description.hasPrefix(Intake.claimPrefix) {
            guard let id = JobID(String(name.description.dropFirst(Intake.claimPrefix.count))) else { continue }
            // A claimed file was a bare manifest, or will be found not to be one.
            let status = try active.status(of: name)
            offers.append(Offer(name: EntryName(status.isRegular ? "\(id).json" : id.rawValue), owner: status.st_uid, claimed: id))
        }
        expectsClaims = false
        return offers.sorted { $0.name < $1.name }
    }

    private static func hasReadyFile(_ name: EntryName, _ status: stat, _ incoming: borrowing Descriptor) -> Bool {
        if status.isDirectory {
            guard let folder = try? incoming.open(name, O_RDONLY | O_DIRECTORY) else { return false }
            return (try? folder.status(of: EntryName(Intake.readySuffix))) != nil
        }
        // Only its owner knows whether a file is complete.
        return (try? incoming.status(of: Intake.readyName(of: name)))?.st_uid == status.st_uid
    }

    // MARK: Settling

    /// - Parameter left: names that are looked at for this user in this scan; one who has more waits for what is before it.
    private static func fingerprint(
        _ name: EntryName, _ status: stat, _ incoming: borrowing Descriptor, _ left: inout Int
    ) throws(SpoolError) -> Int {
        var hasher = Hasher()
        let isFirst = left == Listing.maximumFiles
        try add(name, status, in: incoming, depth: 0, &left, &hasher)
        return left > 0 || isFirst ? hasher.finalize() : .random(in: .min ... .max)
    }

    /// A folder that cannot be read (any more) counts by its own status: taking it will say why.
    private static func add(
        _ name: EntryName, _ status: stat, in folder: borrowing Descriptor, depth: Int, _ left: inout Int, _ hasher: inout Hasher
    ) throws(SpoolError) {
        hasher.combine(name)
        for part in [Int(status.st_mode), Int(status.st_ino), status.st_size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec] {
            hasher.combine(part)
        }
        left -= 1
        guard status.isDirectory, depth <= Listing.maximumDepth, left > 0 else { return }
        do throws(SpoolError) {
            let inner = try folder.open(name, O_RDONLY | O_DIRECTORY)
            for entry in try inner.entries(upTo: left).sorted() {
                try add(entry, inner.status(of: entry), in: inner, depth: depth + 1, &left, &hasher)
            }
        } catch where !error.isShortage {}
    }
}
