// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDigest
import LCLImage
import LCLModel
import LCLTensor
import Synchronization

/// Turns a tree of pictures into a ``FeatureTable``, on several threads, and keeps the features in a file.
public struct FeatureEncoder: Sendable {
    public private(set) var network: EfficientNetLite0
    /// What tells it from others, such as the SHA-256 of its file: a kept table of another encoder is not used.
    public private(set) var encoder: String
    public private(set) var taps: [Tap]
    public var threads = ProcessInfo.processInfo.activeProcessorCount
    /// Variations of every picture that are encoded besides it, as further pictures of its class.
    public var views = 0
    public var augmentation = Augmentation()

    /// - Parameter taps: to compare by; the one that hard negatives are found by is added.
    public init(network: EfficientNetLite0, encoder: String, taps: [Tap]) {
        self.network = network
        self.encoder = encoder
        let mining = Tap(EpisodeSampler.miningTap)!
        self.taps = taps.contains(mining) ? taps : taps + [mining]
    }

    /// What the closer look gives, by another mask.
    public func closer(_ mask: ForegroundMask) -> FeatureEncoder {
        var other = self
        other.network = EfficientNetLite0(network, mask: mask)
        other.encoder += " \(mask.encoded().withUnsafeBytes { SHA256.hash($0).hex })"
        other.taps = taps.filter(\.needsMask)
        return other
    }

    /// Also takes the features of these taps.
    /// - Throws: ``TrainingError/tap(name:)``.
    public mutating func add(taps names: [String]) throws(TrainingError) {
        for name in names where !taps.map(\.description).contains(name) {
            guard let tap = Tap(name), EfficientNetLite0.dimension(of: tap) != nil else { throw .tap(name: name) }
            taps.append(tap)
        }
    }

    /// The features of every picture; those that cannot be read are left out.
    /// - Parameters:
    ///   - cache: a file to read the features from, or to write them to; replaced where it is of other pictures.
    ///   - progress: told pictures done and in all, from any thread.
    /// - Returns: the table, and why pictures were left out, by path.
    /// - Throws: ``TrainingError``.
    public func table(
        _ tree: PictureTree, cache: String? = nil, progress: @Sendable (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> (table: FeatureTable, skipped: [String: String]) {
        let fingerprint = cache == nil ? "" : try tree.fingerprint() + (views == 0 ? "" : " \(views) x \(augmentation)")
        if let cache, let kept = FeatureCache(path: cache), kept.fits(fingerprint, encoder: encoder, taps: taps) {
            return (table(tree, features: kept.features, skipped: Set(kept.skipped)), [:])
        }
        let paths = tree.pictures.flatMap { [String](repeating: $0, count: 1 + views) }
        let (features, failures) = encode(paths, progress: progress)
        if let cache {
            try FeatureCache(
                fingerprint: fingerprint, encoder: encoder, taps: taps, features: features, skipped: failures.keys.sorted()
            ).write(to: cache)
        }
        let skipped = Dictionary(failures.map { (paths[$0.key], $0.value) }) { first, _ in first }
        return (table(tree, features: features, skipped: Set(failures.keys)), skipped)
    }

    /// - Parameter skipped: numbers of pictures whose row is no feature.
    private func table(_ tree: PictureTree, features: Matrix, skipped: Set<Int>) -> FeatureTable {
        var start = 0
        let classes = tree.classes.map { group in
            let count = group.pictures.count * (1 + views)
            defer { start += count }
            let rows = (start..<start + count).filter { !skipped.contains($0) }
            return FeatureTable.Class(source: group.source, name: group.name, rows: rows, views: views)
        }
        return FeatureTable(
            taps: taps.map(\.description), widths: taps.compactMap(\.width), features: features,
            classes: classes.filter { !$0.rows.isEmpty })
    }

    // MARK: - Encoding

    static let batch = 16

    /// One row a picture, or a view of one; zeros for those that cannot be read, with the reason by number.
    /// - Parameter paths: each picture's `1 + views` times.
    private func encode(
        _ paths: [String], progress: @Sendable (Int, Int) -> Void
    ) -> (features: Matrix, failures: [Int: String]) {
        let width = taps.compactMap(\.width).reduce(0, +)
        let work = Mutex(EncodingWork(next: 0, features: Matrix(rows: paths.count, columns: width), failures: [:]))
        DispatchQueue.concurrentPerform(iterations: max(1, threads)) { _ in
            let encoder = VisionEncoder(network: network, taps: taps)
            let reader = PictureReader(side: EfficientNetLite0.inputSize)
            var pixels = [UInt8](repeating: 0, count: Self.batch * reader.preparedCount)
            while let range = work.withLock({ $0.take(Self.batch, of: paths.count) }) {
                let failures = prepare(paths[range], reader, into: &pixels)
                let rows = pixels.withUnsafeBufferPointer {
                    encoder.features(UnsafeBufferPointer(rebasing: $0.prefix(range.count * reader.preparedCount)), count: range.count)
                }
                work.withLock { $0.put(rows, at: range, failures: failures) }
                progress(range.upperBound, paths.count)
            }
        }
        return work.withLock { ($0.features, $0.failures) }
    }

    private func prepare(_ paths: ArraySlice<String>, _ reader: PictureReader, into pixels: inout [UInt8]) -> [Int: String] {
        var failures: [Int: String] = [:]
        for (slot, path) in zip(0..., paths) {
            pixels.withUnsafeMutableBufferPointer { buffer in
                let place = slot * reader.preparedCount..<(slot + 1) * reader.preparedCount
                let room = UnsafeMutableBufferPointer(rebasing: buffer[place])
                do {
                    let file = try Data(contentsOf: URL(filePath: path))
                    try file.withUnsafeBytes { try reader.prepare($0, into: room) }
                    let (picture, view) = (paths.startIndex + slot).quotientAndRemainder(dividingBy: 1 + views)
                    if view > 0 { augmentation.apply(to: room, side: reader.side, picture: picture, view: view) }
                } catch {
                    room.update(repeating: 0)
                    failures[paths.startIndex + slot] = "\(error)"
                }
            }
        }
        return failures
    }
}

/// What the encoding threads share.
private struct EncodingWork {
    var next: Int
    var features: Matrix
    var failures: [Int: String]

    mutating func take(_ count: Int, of total: Int) -> Range<Int>? {
        guard next < total else { return nil }
        defer { next = min(total, next + count) }
        return next..<min(total, next + count)
    }

    mutating func put(_ rows: Matrix, at range: Range<Int>, failures: [Int: String]) {
        for (source, target) in zip(0..., range) where failures[target] == nil {
            rows.withRow(source) { values in
                features.withMutableRow(target) { _ = $0.update(fromContentsOf: values) }
            }
        }
        self.failures.merge(failures) { $1 }
    }
}
