// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob

/// What a training has worked out so far: `active/ID/training/`, state S4. Only the daemon writes it, and nobody but it and workers, by
/// open files, read it.
extension Spool {
    public static let trainingName = "training"
    /// Rows of one length, one a picture: see ``keepRows(_:of:)``.
    public static let featuresName = "features"

    public func trainingDirectory(_ id: JobID) -> String { "\(directory(.active, id))/\(Self.trainingName)" }

    /// Writes rows at their places, and returns once they are on the disk. A row counts only when the store says so, which is told after
    /// this; until then half a row is nothing.
    /// - Parameter rows: by place, all of one length.
    public func keepRows(_ rows: [Int: Data], of id: JobID) throws(SpoolError) {
        guard let length = rows.first?.value.count else { return }
        let home = try makeTrainingDirectory(id), path = "\(home)/\(Self.featuresName)"
        let isNew = try !exists(path)
        let file = try Descriptor.open(path, O_WRONLY | O_CREAT | O_NOFOLLOW, mode: 0o600)
        for (place, row) in rows.sorted(by: { $0.key < $1.key }) {
            precondition(row.count == length, "rows of one length")
            try file.write(row, at: place * length)
        }
        try file.sync()
        if isNew { try Descriptor.directory(home).sync() }
    }

    /// Keeps `bytes` as `training/NAME`, whole and on the disk.
    public func keep(_ bytes: Data, as name: JobID, of id: JobID) throws(SpoolError) {
        precondition(name.rawValue != Self.featuresName, "not in place of the features")
        try DurableFile.write(bytes, to: "\(makeTrainingDirectory(id))/\(name)")
    }

    /// The names of what is kept.
    public func kept(_ id: JobID) throws(SpoolError) -> [JobID] {
        do throws(SpoolError) {
            return try Descriptor.directory(trainingDirectory(id)).entries().compactMap { $0.text.flatMap { JobID($0) } }.filter { $0.rawValue != Self.featuresName }
        } catch where error.isVanished {
            return []
        }
    }

    /// Whether there are features at all: what the store says of them is nothing without.
    public func hasFeatures(_ id: JobID) throws(SpoolError) -> Bool { try exists("\(trainingDirectory(id))/\(Self.featuresName)") }

    /// The training starts over.
    public func forgetTraining(_ id: JobID) throws(SpoolError) {
        try Removal.remove(EntryName(Self.trainingName), in: Descriptor.directory(directory(.active, id)))
    }

    private func makeTrainingDirectory(_ id: JobID) throws(SpoolError) -> String {
        let home = trainingDirectory(id)
        if mkdir(home, 0o700) == 0 {
            try Descriptor.directory(directory(.active, id)).sync()
        } else if errno != EEXIST {
            throw .system(attempt: "create", path: home, errno: errno)
        }
        return home
    }
}

extension Descriptor {
    /// Writes all of `bytes` from `offset` on.
    fileprivate func write(_ bytes: Data, at offset: Int) throws(SpoolError) {
        var done = 0
        while done < bytes.count {
            let put = bytes.withUnsafeBytes { pwrite(raw, $0.baseAddress! + done, $0.count - done, off_t(offset + done)) }
            if put < 0 && errno == EINTR { continue }
            if put < 0 { throw SpoolError.system(attempt: "write", path: path, errno: errno) }
            done += put
        }
    }
}
