// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDigest
import LCLJob

extension WorkerRequest {
    /// Pictures of a training to encode.
    public struct Encoding: Codable, Sendable {
        public var job: JobID
        /// The base model.
        public var model: String
        public var pictures: [Numbered<Manifest.Query>]
        /// How many pictures to look at together; 1 finds the one that crashes a worker.
        public var batch: Int

        public init(job: JobID, model: String, pictures: [Numbered<Manifest.Query>], batch: Int) {
            self.job = job
            self.model = model
            self.pictures = pictures
            self.batch = batch
        }
    }

    /// A training whose pictures are encoded: its files are handed out by their names.
    public struct Fitting: Codable, Sendable {
        public var job: JobID
        public var model: String
        public var training: Manifest.Training
        /// In the order of the manifest.
        public var labels: [Label]
        /// Ordinals of pictures that have no features.
        public var unusable: [Int]

        public struct Label: Codable, Sendable {
            public var name: String
            /// How many follow those of the label before.
            public var pictures: Int
        }

        public init(job: JobID, manifest: Manifest, unusable: [Int]) {
            guard let training = manifest.training else { preconditionFailure("a training's manifest") }
            self.job = job
            model = manifest.model
            self.training = training
            labels = manifest.labels.map { Label(name: $0.name, pictures: $0.support.count) }
            self.unusable = unusable
        }
    }
}

/// What became of a picture of a training: its features, or the error of a verdict without answer.
public struct EncodedPicture: Codable, Equatable, Sendable {
    public var verdict: Verdict
    /// Floats, little-endian; `nil` where the verdict has an error.
    public var features: Data?

    public init(verdict: Verdict, features: Data?) {
        self.verdict = verdict
        self.features = features
    }

    /// Of one row.
    public static let maximumBytes = 1 << 18

    /// Whether the features are some finite numbers, where there are to be any.
    public var isSound: Bool {
        guard verdict.answer == nil, (features == nil) == (verdict.error != nil) else { return false }
        guard let features else { return true }
        guard !features.isEmpty, features.count <= Self.maximumBytes, features.count % 4 == 0 else { return false }
        return features.withUnsafeBytes { bytes in stride(from: 0, to: bytes.count, by: 4).allSatisfy { bytes.loadUnaligned(fromByteOffset: $0, as: Float.self).isFinite } }
    }
}

/// A piece of something long that a worker says: what it keeps in its journal, or at last the link file.
public struct WorkerPart: Codable, Equatable, Sendable {
    public var name: String
    /// Bytes of the whole.
    public var total: Int
    /// Follows the piece before.
    public var bytes: Data

    public init(name: String, total: Int, bytes: Data) {
        self.name = name
        self.total = total
        self.bytes = bytes
    }

    public static let maximumBytes = 1 << 20
    /// Of the whole.
    public static let maximumTotal = 64 << 20
    /// The name that the link file has; it is in no journal.
    public static let linkName = "link.gguf"

    /// `bytes` in pieces.
    public static func all(of bytes: [UInt8], as name: String) -> [WorkerPart] {
        stride(from: 0, to: bytes.count, by: maximumBytes).map {
            WorkerPart(name: name, total: bytes.count, bytes: Data(bytes[$0..<min($0 + maximumBytes, bytes.count)]))
        }
    }
}

/// A picture's place in the file of a training's features: SHA-256 of ordinal and features, then the features.
public enum FeatureRow {
    static let headLength = 32

    public static func sealed(_ features: Data, ordinal: Int) -> Data { seal(features, ordinal) + features }

    /// The row `ordinal` of a file with `width` floats a row; `nil` where it is not what was written there.
    static func open(_ file: UnsafeRawBufferPointer, ordinal: Int, width: Int) -> [Float]? {
        let length = headLength + 4 * width, start = ordinal * length
        guard start + length <= file.count else { return nil }
        let features = UnsafeRawBufferPointer(rebasing: file[start + headLength..<start + length])
        guard seal(Data(features), ordinal).elementsEqual(file[start..<start + headLength]) else { return nil }
        return (0..<width).map { features.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }

    private static func seal(_ features: Data, _ ordinal: Int) -> Data {
        var hash = SHA256()
        withUnsafeBytes(of: UInt64(ordinal).littleEndian) { hash.update(Data($0)) }
        hash.update(features)
        return Data(hash.finalize().bytes)
    }
}
