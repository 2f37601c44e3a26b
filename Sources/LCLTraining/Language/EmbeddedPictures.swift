// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDigest
import LCLImage
import LCLLink
import LCLTensor

/// Pictures as a language model sees them, encoded when they are first asked for; the longest unused go when there are too many.
final class EmbeddedPictures {
    /// What stands for a picture.
    struct Entry {
        let embedding: Matrix
        let digest: [UInt8]
    }

    private let encoder: any PictureEncoder
    private let capacity: Int
    private var entries: [String: (entry: Entry?, used: Int)] = [:]
    private var clock = 0
    private var floats = 0
    /// Why a picture could not be read, by path.
    private(set) var failures: [String: String] = [:]

    /// - Parameter bytes: that the embeddings may take, about.
    init(_ encoder: any PictureEncoder, bytes: Int) {
        self.encoder = encoder
        capacity = bytes / MemoryLayout<Float>.stride
    }

    /// `nil` where it cannot be read.
    func entry(_ path: String) -> Entry? {
        clock += 1
        if let known = entries[path] {
            entries[path]!.used = clock
            return known.entry
        }
        let entry = read(path)
        entries[path] = (entry, clock)
        floats += entry.map { $0.embedding.rowCount * $0.embedding.columnCount } ?? 0
        if floats > capacity { forget() }
        return entry
    }

    private func read(_ path: String) -> Entry? {
        do {
            let file = try Data(contentsOf: URL(filePath: path))
            try file.withUnsafeBytes { try encoder.prepare($0, at: 0) }
            return Entry(embedding: encoder.encode(1)[0], digest: SHA256.hash(file).bytes)
        } catch {
            failures[path] = "\(error)"
            return nil
        }
    }

    private func forget() {
        let median = entries.values.map(\.used).sorted()[entries.count / 2]
        entries = entries.filter { $0.value.used >= median }
        floats = entries.values.reduce(0) { $0 + ($1.entry.map { $0.embedding.rowCount * $0.embedding.columnCount } ?? 0) }
    }
}
