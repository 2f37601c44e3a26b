// SPDX-License-Identifier: Apache-2.0
import CPosix
import Glibc
import LCLJob

/// A directory whose pictures somebody else names: every file is opened once, beneath it, through no symbolic link, and is
/// judged by its descriptor. A FIFO is never waited for, and a size is known before a byte is read.
public final class JobDirectory: Sendable {
    /// 64 MiB: the longest picture file that is read.
    public static let maximumPictureBytes = 64 << 20

    /// Files that a job's layout or pattern may lie among.
    public static let maximumFiles = 1_200_000

    public let path: String
    /// Whose files these should be: another's are taken only where everyone may read them. `nil`, or root, does not ask.
    private let submitter: UInt32?
    /// What intake could not copy, by path as the manifest has it.
    private let recorded: [String: Failure]
    private let descriptor: Descriptor

    /// - Throws: ``SpoolError`` where `path` is not a directory or cannot be opened.
    public convenience init(path: String) throws(SpoolError) {
        try self.init(path: path, submitter: nil)
    }

    /// The pictures of a job that was taken: `directory` is `active/ID`. A picture that intake could not copy fails with
    /// what intake found.
    public static func snapshot(_ directory: String) throws(SpoolError) -> JobDirectory {
        let record = try IntakeRecord.read(directory)
        return try JobDirectory(path: directory + "/" + Spool.picturesName, submitter: nil, recorded: record.unreadable, flags: O_NOFOLLOW)
    }

    init(path: String, submitter: UInt32?, recorded: [String: Failure] = [:], flags: Int32 = 0) throws(SpoolError) {
        self.path = path
        self.submitter = submitter == 0 ? nil : submitter
        self.recorded = recorded
        descriptor = try Descriptor.open(path, O_RDONLY | O_DIRECTORY | flags)
    }

    /// The bytes of one picture file.
    /// - Throws: ``LCLJob/Failure`` with `image.missing`, `.unreadable`, `.outside`, `.not_a_file`, `.empty` or `.too_large`.
    public func read(_ file: String, upTo limit: Int = maximumPictureBytes) throws(Failure) -> [UInt8] {
        do throws(Refusal) {
            return try withPicture(file, upTo: limit) { (picture, size) throws(Refusal) in
                do throws(SpoolError) { return try picture.read(upTo: size) } catch { throw Refusal(error, file) }
            }
        } catch {
            throw error.failure(file)
        }
    }

    /// Calls `body` with the descriptor of one picture that passed every check; it is closed behind it.
    /// - Throws: as ``read(_:upTo:)``, and `internal` where the machine is at fault and not the picture: try again.
    public func withDescriptor<T>(of file: String, upTo limit: Int, _ body: (Int32) -> T) throws(Failure) -> T {
        do throws(Refusal) {
            return try withPicture(file, upTo: limit) { (picture, _) throws(Refusal) in body(picture.raw) }
        } catch .environment(let cause) {
            throw Failure(.internal, "\(cause)", subject: file)
        } catch {
            throw error.failure(file)
        }
    }

    /// Calls `body` with one open picture that passed every check, and its length in bytes.
    func withPicture<T>(
        _ file: String, upTo limit: Int, _ body: (borrowing Descriptor, Int) throws(Refusal) -> T
    ) throws(Refusal) -> T {
        if let failure = recorded[file] { throw .picture(failure) }
        if file.utf8.contains(0) { throw .picture(Failure(.imageMissing, "the path has a NUL in it", subject: file)) }
        let picture = try opened(file), status: stat
        do throws(SpoolError) { status = try picture.status() } catch { throw Refusal(error, file) }
        if let failure = refusal(of: file, status, limit) { throw .picture(failure) }
        return try body(picture, Int(status.st_size))
    }

    private func opened(_ file: String) throws(Refusal) -> Descriptor {
        do throws(SpoolError) {
            return try open(file, O_RDONLY | O_NONBLOCK)
        } catch {
            throw Refusal(error, file)
        }
    }

    /// Opens what lies beneath, through folders that the submitter may enter himself: our privileges are not his.
    private func open(_ relative: String, _ flags: Int32) throws(SpoolError) -> Descriptor {
        guard let submitter, let cut = relative.utf8.dropLast().lastIndex(of: UInt8(ascii: "/")) else {
            return try descriptor.openBeneath(relative, flags)
        }
        // Step by step, each from the folder that was judged: nobody can put another in its place meanwhile.
        var folder = try descriptor.folderBeneath(".")
        for name in relative[..<cut].utf8.split(separator: UInt8(ascii: "/")) {
            folder = try folder.folderBeneath(String(name)!)
            try folder.require(S_IXOTH, for: submitter)
        }
        return try folder.openBeneath(String(relative[relative.utf8.index(after: cut)...]), flags)
    }

    private func refusal(of file: String, _ status: stat, _ limit: Int) -> Failure? {
        guard status.isRegular else {
            return Failure(.imageNotAFile, "'\(file)' is \(status.kind), not a file; put the picture itself there", subject: file)
        }
        if let submitter, status.st_uid != submitter {
            // A link that the submitter made to a file that only its owner may read would have us read it for him.
            guard status.st_nlink == 1, status.st_mode & S_IROTH != 0 else {
                return Failure(.imageUnreadable, "'\(file)' belongs to another user and is linked or not readable to everyone; put a copy there", subject: file)
            }
        }
        guard status.st_size > 0 else { return Failure(.imageEmpty, "'\(file)' is empty", subject: file) }
        guard status.st_size <= limit else {
            return Failure(.imageTooLarge, "'\(file)' has \(status.st_size) bytes; at most \(limit) are read", subject: file)
        }
        return nil
    }

    /// The names and kinds in one folder beneath this directory; for ``Listing``.
    func withFolder<T>(_ folder: String, _ body: (borrowing Descriptor) throws(SpoolError) -> T) throws(SpoolError) -> T {
        let opened = try open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY)
        if let submitter { try opened.require(S_IROTH, for: submitter) }
        return try body(opened)
    }
}

extension Descriptor {
    /// - Throws: EACCES where this folder is another's and does not have `mode` for everyone.
    fileprivate func require(_ mode: mode_t, for submitter: UInt32) throws(SpoolError) {
        let status = try status()
        guard status.st_uid == submitter || status.st_mode & mode != 0 else { throw .system(attempt: "enter for user \(submitter)", path: path, errno: EACCES) }
    }
}

/// Why a picture was not taken: its own fault, which is its answer, its job's, or the machine's, which is tried again.
enum Refusal: Error {
    case picture(Failure)
    /// The whole job cannot be taken.
    case job(Failure)
    case environment(SpoolError)

    /// The answer that `file` gets for it.
    func failure(_ file: String) -> Failure {
        switch self {
        case .picture(let failure), .job(let failure): failure
        case .environment(let cause): Failure(.imageUnreadable, "'\(file)' cannot be read: \(cause)", subject: file)
        }
    }

    init(_ error: SpoolError, _ file: String) {
        guard case .system(_, _, let code) = error else {
            self = .environment(error)
            return
        }
        func picture(_ code: Failure.Code, _ why: String) -> Refusal { .picture(Failure(code, "'\(file)' \(why)", subject: file)) }
        self =
            switch code {
            case ENOENT, ENOTDIR, ENAMETOOLONG: picture(.imageMissing, "is not there; check the path, relative to the job's directory")
            case ELOOP, EXDEV: picture(.imageOutside, "is or lies behind a symbolic link, or leads out of the job; put a copy there")
            case EACCES, EPERM: picture(.imageUnreadable, "may not be read; make it readable (chmod a+r, and a+x for its folders)")
            case ENXIO, ENODEV: picture(.imageNotAFile, "is a socket or a device, not a file; put the picture itself there")
            // Files are opened without waiting: somebody holds a lease on it (fcntl(2)).
            case EAGAIN: picture(.imageUnreadable, "is held by another program; submit the job once it is let go of")
            case EIO, EISDIR: picture(.imageUnreadable, "cannot be read: \(String(cString: strerror(code)))")
            default: .environment(error)
            }
    }
}
