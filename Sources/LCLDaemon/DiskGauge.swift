// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLControl
import LCLSpool
import LCLStore
import Logging
import Synchronization

/// Watches the disks that the daemon writes to, and holds work back while they are full.
final class DiskGauge: Sendable {
    let marks: Live<DiskRoom.Marks>
    private let paths: [String]
    private let logger: Logger
    private let state = Mutex(DiskRoom())
    private let lastFree = Mutex<Int?>(nil)
    /// What the story of the daemon should tell, once it can be written down.
    private let untold = Mutex<[(event: String, at: Int64, detail: String)]>([])

    init(paths: [String], marks: DiskRoom.Marks, logger: Logger) {
        self.paths = paths
        self.marks = Live(marks)
        self.logger = logger
    }

    /// Free bytes of the first path at the last look.
    var free: Int? { lastFree.withLock { $0 } }

    /// Whether new work may begin.
    var isOpen: Bool { state.withLock { $0.scarcity == nil } }

    var scarcity: DiskRoom.Scarcity? { state.withLock { $0.scarcity } }

    var waiting: Waiting? {
        scarcity.map { Waiting(reason: .disk, since: Date(milliseconds: $0.since), detail: $0.why + "; make room, lcld goes on by itself") }
    }

    /// Reads how much is free; where a file server is away that takes until it is back.
    /// - Returns: whether there is enough since this very look.
    @discardableResult
    func look() -> Bool {
        let readings = paths.compactMap { path in (try? Filesystem.room(at: path)).map { DiskRoom.Reading(path: path, room: $0) } }
        lastFree.withLock { $0 = readings.first { $0.path == paths[0] }?.room.bytes }
        return told(state.withLock { $0.observe(readings, marks.value, now: .now, wall: .now()) }) == .enough
    }

    /// Takes notice of a failure where it says that the disk is full.
    func notice(_ error: any Error) {
        let isFull = (error as? SpoolError)?.isDiskFull ?? { if case StoreError.diskFull = error { true } else { false } }()
        if isFull { told(state.withLock { $0.failed("\(error)", now: .now, wall: .now()) }) }
    }

    @discardableResult
    private func told(_ change: DiskRoom.Change?) -> DiskRoom.Change? {
        switch change {
        case .scarce:
            let why = scarcity?.why ?? ""
            logger.warning("work waits for disk", metadata: ["error": "\(why)"])
            untold.withLock { $0.append(("wait: disk", .now(), why)) }
        case .enough:
            logger.notice("the disk has room again")
            untold.withLock { $0.append(("resume: disk", .now(), "")) }
        case nil: break
        }
        return change
    }

    /// Writes the story down as far as the disk lets it.
    func tell(_ store: JobStore) async {
        while let next = untold.withLock({ $0.first }) {
            do { try await store.note(next.event, actor: "lcld", at: next.at, detail: next.detail.isEmpty ? nil : next.detail) } catch { return }
            untold.withLock { _ = $0.removeFirst() }
        }
    }
}
