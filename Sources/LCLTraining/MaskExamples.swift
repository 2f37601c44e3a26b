// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLImage
import LCLModel
import LCLTensor
import Synchronization

/// What a mask is learned from: pictures `SOURCE/NAME.png` and beside each `NAME.mask.png`, white where the foreground is.
public struct MaskExamples: Sendable {
    /// The folder above each picture.
    public let sources: [String]
    /// Of each picture, what the mask reads: [cells x channels].
    package let maps: [Matrix]
    /// The foreground's share of each cell: [pictures x cells].
    package let shares: Matrix

    package init(sources: [String], maps: [Matrix], shares: Matrix) {
        precondition(sources.count == maps.count && sources.count == shares.rowCount && shares.columnCount == ForegroundMask.cells, "a row a picture")
        (self.sources, self.maps, self.shares) = (sources, maps, shares)
    }

    /// - Throws: ``TrainingError/unreadable(path:reason:)``, ``TrainingError/layout(path:reason:)``.
    public init(root: String, network: EfficientNetLite0, threads: Int, progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }) throws {
        let paths = try Self.pictures(in: root)
        guard !paths.isEmpty else { throw TrainingError.layout(path: root, reason: "no folder in it holds NAME.png beside NAME.mask.png") }
        let done = Mutex(Work(next: 0, maps: [:], shares: Matrix(rows: paths.count, columns: ForegroundMask.cells)))
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
            let encoder = VisionEncoder(network: network, taps: []), reader = PictureReader()
            var pixels = [UInt8](repeating: 0, count: reader.preparedCount)
            func prepare(_ path: String) throws {
                try pixels.withUnsafeMutableBufferPointer { room in
                    try Data(contentsOf: URL(filePath: path)).withUnsafeBytes { try reader.prepare($0, into: room) }
                }
            }
            while let index = done.withLock({ $0.take(of: paths.count) }) {
                do {
                    try prepare(paths[index])
                    let map = pixels.withUnsafeBufferPointer { encoder.maps($0, count: 1)[0] }
                    try prepare(Self.mask(of: paths[index]))
                    let shares = Self.shares(pixels)
                    done.withLock { $0.put(map, shares, at: index) }
                } catch {
                    done.withLock { $0.failure = $0.failure ?? TrainingError.unreadable(path: paths[index], reason: "\(error)") }
                }
                progress(index + 1, paths.count)
            }
        }
        let work = done.withLock { $0 }
        if let failure = work.failure { throw failure }
        self.init(sources: paths.map { URL(filePath: $0).deletingLastPathComponent().lastPathComponent }, maps: paths.indices.map { work.maps[$0]! }, shares: work.shares)
    }

    private static func pictures(in root: String) throws(TrainingError) -> [String] {
        do {
            let files = FileManager.default
            return try files.contentsOfDirectory(atPath: root).sorted().flatMap { source in
                var isFolder: ObjCBool = false
                guard files.fileExists(atPath: "\(root)/\(source)", isDirectory: &isFolder), isFolder.boolValue else { return [String]() }
                let names = try files.contentsOfDirectory(atPath: "\(root)/\(source)").sorted(), all = Set(names)
                return names.filter { all.contains(mask(of: $0)) }.map { "\(root)/\(source)/\($0)" }
            }
        } catch {
            throw .unreadable(path: root, reason: error.localizedDescription)
        }
    }

    private static func mask(of picture: String) -> String { picture.replacingOccurrences(of: ".png", with: ".mask.png") }

    /// The mean of each cell's pixels, 0 to 1, by their first colour.
    private static func shares(_ pixels: [UInt8]) -> [Float] {
        let picture = EfficientNetLite0.inputSize, side = ForegroundMask.side, cell = picture / side
        var sums = [Int](repeating: 0, count: ForegroundMask.cells)
        for y in 0..<picture {
            for x in 0..<picture { sums[y / cell * side + x / cell] += Int(pixels[(y * picture + x) * 3]) }
        }
        return sums.map { Float($0) / Float(255 * cell * cell) }
    }

    /// What the encoding threads share.
    private struct Work {
        var next: Int
        var maps: [Int: Matrix]
        var shares: Matrix
        var failure: TrainingError?

        mutating func take(of total: Int) -> Int? {
            guard next < total, failure == nil else { return nil }
            defer { next += 1 }
            return next
        }

        mutating func put(_ map: Matrix, _ values: [Float], at index: Int) {
            maps[index] = map
            shares.withMutableRow(index) { _ = $0.update(fromContentsOf: values) }
        }
    }
}
