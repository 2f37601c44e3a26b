// SPDX-License-Identifier: Apache-2.0
import Glibc
import LCLJob

/// Where the spool's directories are. The protocol between them is the table of states in `Sources/README.md`.
public struct Spool: Hashable, Sendable {
    public let root: String

    public init(root: String) { self.root = root }

    /// The directories of the spool. Anyone may put entries into `tmp` and `incoming`, but neither list them nor touch
    /// another user's; the others are the daemon's.
    public enum Place: String, CaseIterable, Sendable {
        case tmp, incoming, active, done, failed, corrupt

        var mode: mode_t {
            switch self {
            case .tmp, .incoming: 0o1733
            case .active, .corrupt: 0o700
            // A job in them is readable to its submitter, who knows its name; nobody lists the others'.
            case .done, .failed: 0o711
            }
        }
    }

    public func directory(_ place: Place) -> String { "\(root)/\(place.rawValue)" }
    public func directory(_ place: Place, _ id: JobID) -> String { "\(root)/\(place.rawValue)/\(id)" }

    /// Makes what is missing, and checks that the spool can hold its promises: one filesystem, no links, and a rename from each
    /// place to each other.
    public func prepare() throws(SpoolError) {
        if mkdir(root, 0o700) == 0 {
            try check(chmod(root, 0o755), "set the mode of", root)  // whatever the umask is
        } else if errno != EEXIST {
            throw .system(attempt: "create", path: root, errno: errno)
        }
        let home = try Descriptor.directory(root)
        let device = try home.status().st_dev
        for place in Place.allCases {
            let path = directory(place)
            if mkdir(path, 0o700) == 0 {
                try check(chmod(path, place.mode), "set the mode of", path)
            } else if errno != EEXIST {
                throw .system(attempt: "create", path: path, errno: errno)
            }
            guard try Descriptor.directory(path).status().st_dev == device else {
                throw .separateFilesystems(root: root, place: place.rawValue)
            }
            try probe(place, from: home)
        }
        try home.sync()
    }

    /// Moves an empty file into `place` and away: the same filesystem mounted twice has one device number, and no renames.
    /// Nobody knows its name before, to put something else there; what a crash of an earlier start left is removed.
    private func probe(_ place: Place, from home: borrowing Descriptor) throws(SpoolError) {
        let prefix = ".probe-", name = EntryName("\(prefix)\(UInt64.random(in: 0 ... .max))"), path = "\(root)/\(name)"
        for left in try home.entries() where left.description.hasPrefix(prefix) { try? home.remove(left) }
        _ = try Descriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        do throws(SpoolError) {
            let folder = try Descriptor.directory(directory(place))
            for left in try folder.entries() where left.description.hasPrefix(prefix) { try? folder.remove(left) }
            try home.rename(name, to: folder, as: name)
            try folder.remove(name)
        } catch {
            unlink(path)
            guard case .system(_, _, EXDEV) = error else { throw error }
            throw .separateFilesystems(root: root, place: place.rawValue)
        }
    }

    /// Where a job's directory lies, or `nil`.
    public func place(of id: JobID) throws(SpoolError) -> Place? {
        for place in [Place.active] + Self.restingPlaces where try exists(directory(place, id)) { return place }
        return nil
    }

    /// Whether a job has this name, or is being forgotten: its directory is out of sight, and its row may still be there.
    func isNamed(_ id: JobID) throws(SpoolError) -> Bool {
        // In this order: a job that retention takes in between is seen by one of the two.
        if try place(of: id) != nil { return true }
        for place in Self.restingPlaces where try exists("\(directory(place))/\(Self.gonePrefix)\(id)") { return true }
        return false
    }

    /// Where jobs lie that are over.
    static let restingPlaces = [Place.done, .failed, .corrupt]

    /// The jobs with a directory in `place`, in no order; what is being built there is not among them.
    public func jobs(in place: Place) throws(SpoolError) -> [JobID] {
        try Descriptor.directory(directory(place)).entries().compactMap { $0.text.flatMap { JobID($0) } }
    }
}

/// Holds the spool for one daemon, until it is let go of or the process ends.
public final class SpoolLock: Sendable {
    private let descriptor: Int32

    /// - Throws: ``SpoolError/locked(root:pid:)`` where another process holds it.
    public init(_ spool: Spool) throws(SpoolError) {
        let path = spool.root + "/.lock"
        let fd = try check(retrying { open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644) }, "create", path)
        guard flock(fd, LOCK_EX | LOCK_NB) == 0 else {
            let cause = errno
            var text = [UInt8](repeating: 0, count: 16)
            let count = pread(fd, &text, text.count, 0)
            close(fd)
            guard cause == EWOULDBLOCK else { throw .system(attempt: "lock", path: path, errno: cause) }
            let line = String(decoding: text.prefix(max(0, count)), as: UTF8.self)
            throw .locked(root: spool.root, pid: Int32(line.prefix { $0.isNumber }))
        }
        let line = Array("\(getpid())\n".utf8)
        ftruncate(fd, 0)
        _ = pwrite(fd, line, line.count, 0)  // for the message above only
        descriptor = fd
    }

    deinit { close(descriptor) }
}
