// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob
import LCLSpool
import LCLWorker

/// The second half of a training's run: one worker at a time learns, and says what is to be kept piece by piece.
///
/// Pure.
struct FitPhase {
    enum Step: Equatable {
        /// More is to come.
        case nothing
        /// Something whole, for the journal.
        case keep(JobID, Data)
        /// No honest worker says this.
        case nonsense(String)
    }

    /// Whether the features of every picture are on the disk.
    var isOpen: Bool
    /// Pictures without features, in order.
    var unusable: [Int]
    /// Bytes of every picture's features, once one is known.
    private var width: Int?
    /// How far it is, 0 to 1, as the worker says.
    private(set) var share = 0.0
    private(set) var link: Data?
    private(set) var report: TrainingReport?
    private var name: JobID?
    private var bytes = Data()
    /// Whether the worker waits for a word after something was kept.
    private(set) var isWaiting = false
    /// Whether it was told to pause.
    private(set) var isToPause = false

    /// Entries that one training has in its journal at most, again and again: six folds of a thousand epochs, twice, for each of two looks.
    static let maximumEntries = 32_768
    private var entries = 0
    /// Their names, of all workers and runs: each is a file. Six folds have a result, a state and the best one, for each of two looks.
    static let maximumNames = 128
    private var names: Set<JobID>

    /// - Parameter kept: what the journal has.
    init(unusable: [Int], kept names: Set<JobID>, isOpen: Bool) {
        self.names = names
        self.unusable = unusable
        self.isOpen = isOpen
    }

    /// Whether the pictures' features are sound, and all as long as those before.
    mutating func admits(_ pictures: [EncodedPicture]) -> Bool {
        guard pictures.allSatisfy(\.isSound) else { return false }
        let lengths = pictures.compactMap(\.features?.count)
        width = width ?? lengths.first
        return lengths.allSatisfy { $0 == width }
    }

    /// What was learned, once it is all said.
    var outcome: (link: Data, report: TrainingReport)? {
        guard let link, let report else { return nil }
        return (link, report)
    }

    /// Another worker begins: what the last one had not said to the end counts for nothing.
    mutating func begin() { (name, bytes, link, report, isWaiting, isToPause, entries) = (nil, Data(), nil, nil, false, false, 0) }

    mutating func take(_ part: WorkerPart) -> Step {
        guard !isWaiting, part.bytes.count <= WorkerPart.maximumBytes, !part.bytes.isEmpty, part.total <= WorkerPart.maximumTotal,
            let partName = JobID(part.name), part.name != Spool.featuresName, name ?? partName == partName, bytes.count + part.bytes.count <= part.total
        else { return .nonsense("the worker said a piece of nothing") }
        name = partName
        bytes += part.bytes
        guard bytes.count == part.total else { return .nothing }
        defer { (name, bytes) = (nil, Data()) }
        if part.name == WorkerPart.linkName {
            link = bytes
            return .nothing
        }
        entries += 1
        names.insert(partName)
        guard entries <= Self.maximumEntries, names.count <= Self.maximumNames else { return .nonsense("the worker kept without end") }
        isWaiting = true
        return .keep(partName, bytes)
    }

    /// What it said last is on the disk.
    mutating func kept(pausing: Bool) { (isWaiting, isToPause) = (false, pausing) }

    mutating func heard(share: Double) { if share.isFinite { self.share = min(max(share, 0), 1) } }

    mutating func take(_ report: TrainingReport) -> Step {
        guard report.isPlausible else { return .nonsense("the worker's report is none on a training") }
        self.report = report
        return .nothing
    }
}

extension TrainingReport {
    fileprivate var isPlausible: Bool {
        let points = curve?.points ?? []
        let shares = [validation.accuracy, validation.plainAccuracy, validation.baseAccuracy ?? 0] + points.map(\.validationAccuracy) + points.compactMap(\.accuracy)
        let losses = points.map(\.validationLoss) + points.compactMap(\.loss)
        return shares.allSatisfy { (0...1).contains($0) } && losses.allSatisfy(\.isFinite) && validation.episodes >= 0
            && points.count <= Manifest.Training.maximumEpochs + 64
    }
}
