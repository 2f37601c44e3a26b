// SPDX-License-Identifier: Apache-2.0
import CPosix
import Foundation
import Glibc
import LCLJob
import LCLSpool
import LCLWorker
import Synchronization

/// Where one worker asks for pictures: it is handed those of the job that it has, as open files, and nothing else.
///
/// The other end of ``LCLWorker/HandedPictures``. A thread of its own waits for requests until the socket is shut.
package final class PictureDesk: Sendable {
    /// Whose files workers get: one for each run of a job, and opened once for all of its workers, since what could not be read of it may be long.
    package final class Folder: Sendable {
        private let path: String
        /// Files of a training, and not the pictures of a snapshot.
        private let isTraining: Bool
        private let opened = Mutex<JobDirectory?>(nil)

        /// - Parameter directory: `active/ID`.
        package init(_ directory: String, training: Bool = false) {
            path = training ? directory + "/" + Spool.trainingName : directory
            isTraining = training
        }

        /// Bytes of the longest file.
        fileprivate var limit: Int { isTraining ? .max : JobDirectory.maximumPictureBytes }

        fileprivate func directory() throws -> JobDirectory {
            // Whoever else asks would wait for the same disk.
            try opened.withLock { opened in
                if let opened { return opened }
                let directory = try isTraining ? JobDirectory(path: path) : JobDirectory.snapshot(path)
                opened = directory
                return directory
            }
        }

        /// What was opened is no good any more.
        fileprivate func close() { opened.withLock { $0 = nil } }
    }

    private let socket: Int32
    /// From then on the number may be another's: of the worker that comes next, for one.
    private let isClosed = Mutex(false)
    private let folder = Mutex<Folder?>(nil)
    private let opening = Atomic<Bool>(false)

    /// The worker waits while we open what it has asked for: its silence is ours. Not while it is being told, which it can keep us from.
    private(set) var isOpening: Bool {
        get { opening.load(ordering: .relaxed) }
        set { opening.store(newValue, ordering: .relaxed) }
    }

    /// - Parameter socket: taken over.
    package init(socket: Int32, worker: pid_t) {
        self.socket = socket
        let thread = Thread { [self] in
            while answerNext() {}
            isClosed.withLock { closed in
                closed = true
                close(socket)
            }
        }
        thread.name = "desk \(worker)"
        thread.start()
    }

    /// From now on pictures are those of this folder, or none are given.
    func serve(_ new: Folder?) { folder.withLock { $0 = new } }

    /// Ends the thread, whoever still holds the other end.
    package func shut() { isClosed.withLock { closed in if !closed { shutdown(socket, Int32(SHUT_RDWR)) } } }

    /// - Returns: whether another request may come.
    private func answerNext() -> Bool {
        var request = [UInt8](repeating: 0, count: HandedPictures.maximumMessage)
        let count = cposix_receive(socket, &request, request.count, nil)
        guard count > 8 else { return refuseToGoOn() }
        let limit = request.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
        let path = String(decoding: request[8..<count], as: UTF8.self)
        // Where the machine is at fault it is tried again, and at last costs the job an attempt: never a picture's answer.
        for _ in 0..<Self.tries {
            isOpening = true
            guard let folder = folder.withLock({ $0 }) else { break }
            do throws(Failure) {
                return try directory(of: folder).withDescriptor(of: path, upTo: Int(min(limit, UInt64(folder.limit)))) { reply([0], $0) }
            } catch where error.code == .internal {
                folder.close()
                usleep(Self.pause)
            } catch {
                guard let failure = try? CanonicalJSON.encode(error) else { preconditionFailure("a failure can be encoded") }
                return reply([UInt8](failure))
            }
        }
        return refuseToGoOn()
    }

    private func reply(_ bytes: [UInt8], _ picture: Int32 = -1) -> Bool {
        isOpening = false
        return cposix_send(socket, bytes, bytes.count, picture) == bytes.count
    }

    /// For ten seconds.
    private static let tries = 20, pause: UInt32 = 500_000

    private func directory(of folder: Folder) throws(Failure) -> JobDirectory {
        do { return try folder.directory() } catch { throw Failure(.internal, "\(error)") }
    }

    /// The worker is gone, talks nonsense, or asks for pictures of no job: it is told by the end of the conversation.
    private func refuseToGoOn() -> Bool {
        isOpening = false
        shut()
        return false
    }
}
