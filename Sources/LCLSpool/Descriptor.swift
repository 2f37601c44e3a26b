// SPDX-License-Identifier: Apache-2.0
import CPosix
import Glibc

/// An open file or directory, closed at the end of its life. One function per system call; each says what it attempted.
struct Descriptor: ~Copyable {
    let raw: Int32
    /// For messages only.
    let path: String

    private init(_ raw: Int32, _ attempt: String, _ path: String) throws(SpoolError) {
        self.raw = try check(raw, attempt, path)
        self.path = path
    }

    deinit { close(raw) }

    static func open(_ path: String, _ flags: Int32, mode: mode_t = 0) throws(SpoolError) -> Descriptor {
        try Descriptor(retrying { Glibc.open(path, flags | O_CLOEXEC, mode) }, flags & O_CREAT != 0 ? "create" : "open", path)
    }

    static func directory(_ path: String) throws(SpoolError) -> Descriptor {
        try open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    }

    /// A file beneath this directory, with no symbolic link on the way: see `cposix_open_beneath`.
    func openBeneath(_ relative: String, _ flags: Int32) throws(SpoolError) -> Descriptor {
        try Descriptor(cposix_open_beneath(raw, relative, flags), "open", path + "/" + relative)
    }

    /// The same for a folder that is only gone through: it need not be readable.
    func folderBeneath(_ relative: String) throws(SpoolError) -> Descriptor {
        try Descriptor(cposix_folder_beneath(raw, relative), "enter", path + "/" + relative)
    }

    func open(_ name: EntryName, _ flags: Int32) throws(SpoolError) -> Descriptor {
        let fd = name.withCString { name in retrying { openat(raw, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY) } }
        return try Descriptor(fd, "open", "\(path)/\(name)")
    }

    func status() throws(SpoolError) -> stat {
        var status = stat()
        try check(fstat(raw, &status), "examine", path)
        return status
    }

    /// Of an entry of this directory; symbolic links are not followed.
    func status(of name: EntryName) throws(SpoolError) -> stat {
        var status = stat()
        try check(name.withCString { fstatat(raw, $0, &status, AT_SYMLINK_NOFOLLOW) }, "examine", "\(path)/\(name)")
        return status
    }

    /// See ``Filesystem/networkKind(of:)``.
    func networkKind() throws(SpoolError) -> String? {
        guard let kind = cposix_network_filesystem(raw).map({ String(cString: $0) }) else { return nil }
        guard kind == "FUSE" else { return kind }
        func text(_ path: String) throws(SpoolError) -> String { try String(decoding: Descriptor.open(path, O_RDONLY).read(upTo: 1 << 20), as: UTF8.self) }
        return try Filesystem.remoteKind(file: text("/proc/self/fdinfo/\(raw)"), mounts: text("/proc/self/mountinfo"))
    }

    /// Flushes a file's bytes, or a directory's entries, to the disk. After a failure nothing written here may be trusted.
    func sync() throws(SpoolError) {
        try check(retrying { fsync(raw) }, "flush", path)
    }

    /// Flushes everything on this file's filesystem.
    func syncFilesystem() throws(SpoolError) {
        try check(cposix_sync_filesystem(raw), "flush", path)
    }

    /// Lets another user list and enter this directory; does nothing on a filesystem without ACLs.
    func share(with uid: UInt32) throws(SpoolError) {
        do throws(SpoolError) { try check(cposix_share_directory(raw, uid), "share", path) } catch .system(_, _, EOPNOTSUPP) {}
    }

    /// The names in this directory, without `.` and `..`, in no order; of more than `limit`, some.
    func entries(upTo limit: Int = .max) throws(SpoolError) -> [EntryName] {
        var names: [EntryName] = []
        guard limit > 0 else { return names }
        try visit { name in
            names.append(name)
            return names.count < limit
        }
        return names
    }

    /// Calls `body` with each of the names, which may be more than memory holds, until it returns `false`.
    func visit(_ body: (EntryName) throws(SpoolError) -> Bool) throws(SpoolError) {
        // A second descriptor: the stream owns and moves the one it is given.
        let fd = try check(openat(raw, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "list", path)
        guard let stream = fdopendir(fd) else {
            let cause = errno
            close(fd)
            throw SpoolError.system(attempt: "list", path: path, errno: cause)
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw SpoolError.system(attempt: "list", path: path, errno: errno) }
                return
            }
            let bytes = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if bytes != [46], bytes != [46, 46], try !body(EntryName(bytes: bytes)) { return }
        }
    }

    func remove(_ name: EntryName, directory: Bool = false) throws(SpoolError) {
        try check(name.withCString { unlinkat(raw, $0, directory ? AT_REMOVEDIR : 0) }, "remove", "\(path)/\(name)")
    }

    /// Moves an entry of this directory; fails where the target exists.
    func rename(_ name: EntryName, to directory: borrowing Descriptor, as new: EntryName) throws(SpoolError) {
        let outcome = name.withCString { from in new.withCString { to in cposix_rename_exclusive(raw, from, directory.raw, to) } }
        try check(outcome, "rename to '\(directory.path)/\(new)'", "\(path)/\(name)")
    }

    /// Two entries of this directory change their names at once.
    func exchange(_ name: EntryName, with other: EntryName) throws(SpoolError) {
        let outcome = name.withCString { one in other.withCString { cposix_rename_exchange(raw, one, $0) } }
        try check(outcome, "exchange with '\(path)/\(other)'", "\(path)/\(name)")
    }

    /// Up to `limit` bytes from the start, in as many reads as it takes.
    func read(upTo limit: Int) throws(SpoolError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit), count = 0
        while count < limit {
            let got = bytes.withUnsafeMutableBytes { buffer in
                retrying { Int32(truncatingIfNeeded: pread(raw, buffer.baseAddress! + count, min(limit - count, 1 << 30), count)) }
            }
            if try check(got, "read", path) == 0 { break }
            count += Int(got)
        }
        bytes.removeLast(limit - count)
        return bytes
    }
}

/// - Returns: `result` where it is not negative.
/// - Throws: ``SpoolError/system(attempt:path:errno:)`` with the calling thread's `errno` where it is.
@discardableResult
func check(_ result: Int32, _ attempt: String, _ path: @autoclosure () -> String) throws(SpoolError) -> Int32 {
    guard result < 0 else { return result }
    let cause = errno
    throw SpoolError.system(attempt: attempt, path: path(), errno: cause)
}

/// Whether something has this name. What cannot be looked at is not taken for absent.
func exists(_ path: String) throws(SpoolError) -> Bool {
    if access(path, F_OK) == 0 { return true }
    guard [ENOENT, ENOTDIR].contains(errno) else { throw .system(attempt: "look for", path: path, errno: errno) }
    return false
}

/// Makes what is missing of the folders on the path `relative`, each the owner's alone.
/// - Returns: those that were made, from the top.
@discardableResult
func makeFolders(_ relative: String, beneath home: String) throws(SpoolError) -> [String] {
    var folder = home, made: [String] = []
    for part in relative.utf8.split(separator: UInt8(ascii: "/")) {
        folder += "/" + String(part)!
        if mkdir(folder, 0o700) == 0 {
            made.append(folder)
        } else if errno != EEXIST {
            throw .system(attempt: "create", path: folder, errno: errno)
        }
    }
    return made
}

/// Makes a call again while a signal interrupts it.
func retrying(_ call: () -> Int32) -> Int32 {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}

extension stat {
    var isDirectory: Bool { st_mode & S_IFMT == S_IFDIR }
    var isRegular: Bool { st_mode & S_IFMT == S_IFREG }
    var isLink: Bool { st_mode & S_IFMT == S_IFLNK }
    /// What a person calls an entry of this kind.
    var kind: String {
        switch st_mode & S_IFMT {
        case S_IFREG: "a file"
        case S_IFDIR: "a directory"
        case S_IFLNK: "a symbolic link"
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        default: "a device"
        }
    }
}
