// SPDX-License-Identifier: Apache-2.0
import CPosix
import Foundation
import Glibc
import LCLJob

/// The pictures of the job at hand: each is asked of the daemon by its path and comes as an open file, since a worker can open none.
///
/// A request is the longest length that will do (8 bytes, little-endian) and the path; a reply is one zero byte and the file, or a ``Failure``
/// as JSON. Each is one message of a SOCK_SEQPACKET socket.
public struct HandedPictures: PictureSource {
    /// Where workers find the socket's end that is theirs.
    public static let standardDescriptor: Int32 = 3
    /// Of a request or a reply.
    public static let maximumMessage = 1 << 16

    private let socket: Int32

    public init(socket: Int32 = standardDescriptor) { self.socket = socket }

    public func read(_ path: String, upTo limit: Int) throws(Failure) -> [UInt8] {
        let request = withUnsafeBytes(of: UInt64(limit).littleEndian, Array.init) + Array(path.utf8)
        guard request.count <= Self.maximumMessage else { throw Failure(.imageMissing, "the path '\(path.prefix(64))...' is too long", subject: path) }
        var reply = [UInt8](repeating: 0, count: Self.maximumMessage), picture: Int32 = -1
        guard cposix_send(socket, request, request.count, -1) == request.count,
            case let count = cposix_receive(socket, &reply, reply.count, &picture), count > 0
        else { Self.abandoned() }
        guard picture >= 0 else {
            if let failure = try? CanonicalJSON.decode(Failure.self, from: Data(reply[..<count])) { throw failure }
            Self.abandoned()
        }
        defer { close(picture) }
        return try bytes(of: picture, path)
    }

    /// The daemon looked at its length: it is the whole of a file that nobody can change.
    private func bytes(of picture: Int32, _ path: String) throws(Failure) -> [UInt8] {
        var status = stat(), done = 0
        var bytes = fstat(picture, &status) == 0 ? [UInt8](repeating: 0, count: Int(status.st_size)) : []
        while done < bytes.count {
            let count = bytes.withUnsafeMutableBytes { pread(picture, $0.baseAddress! + done, $0.count - done, off_t(done)) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                throw Failure(.imageUnreadable, "'\(path)' cannot be read: \(String(cString: strerror(count < 0 ? errno : EIO)))", subject: path)
            }
            done += count
        }
        return bytes
    }

    /// No job can be answered without pictures: the daemon is gone, has taken this one's away, or cannot open them.
    private static func abandoned() -> Never { exit(WorkerStreams.unserved) }
}
