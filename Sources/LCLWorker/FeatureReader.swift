// SPDX-License-Identifier: Apache-2.0
import LCLDigest
import LCLImage
import LCLJob
import LCLLink
import LCLTensor

/// Pictures in, features out: reads, hashes, decodes and encodes a batch at a time. One for each thread; it keeps its buffers.
final class FeatureReader {
    private let encoder: any PictureEncoder
    private let limits: ImageLimits
    private var cache: FeatureCache

    /// - Parameter cached: floats of features that are kept.
    init(encoder: any PictureEncoder, limits: ImageLimits, cached: Int) {
        self.encoder = encoder
        self.limits = limits
        cache = FeatureCache(capacity: cached)
    }

    /// Pictures that are read together at most.
    var batch: Int { encoder.batch }

    /// One picture's features, or why it has none.
    struct Picture {
        /// `nil` where its bytes could not be read.
        var digest: SHA256.Digest?
        var features: Result<Matrix, Failure>
    }

    /// No memory is left for a picture: that says nothing of the picture.
    struct Exhausted: Error, CustomStringConvertible {
        var description: String
    }

    /// The features of up to ``batch`` pictures, in the order of `paths`.
    /// - Parameter alive: called before each, and now and then, where encoding takes long.
    /// - Throws: ``Exhausted``; what `alive` throws.
    func read(_ paths: some Collection<String>, from source: some PictureSource, alive: () throws -> Void) throws -> [Picture] {
        precondition(paths.count <= batch, "one batch at a time")
        var found: [Picture] = [], prepared: [(index: Int, digest: SHA256.Digest)] = []
        for path in paths {
            // One of the largest takes seconds.
            try alive()
            switch try prepare(path, at: prepared.count, from: source) {
            case .known(let digest, let features): found.append(Picture(digest: digest, features: .success(features)))
            case .bad(let digest, let failure): found.append(Picture(digest: digest, features: .failure(failure)))
            case .prepared(let digest):
                prepared.append((found.count, digest))
                found.append(Picture(digest: digest, features: .success(Matrix(rows: 0, columns: 0))))
            }
        }
        guard !prepared.isEmpty else { return found }
        for (features, picture) in zip(try encoder.encode(prepared.count, alive: alive), prepared) {
            cache.store(features, of: picture.digest)
            found[picture.index].features = .success(features)
        }
        return found
    }

    private enum Prepared {
        case known(SHA256.Digest, Matrix)
        /// The encoder has it.
        case prepared(SHA256.Digest)
        case bad(SHA256.Digest?, Failure)
    }

    private func prepare(_ path: String, at place: Int, from source: some PictureSource) throws -> Prepared {
        let bytes: [UInt8]
        do throws(Failure) { bytes = try source.read(path, upTo: limits.bytes) } catch { return .bad(nil, error) }
        return try bytes.withUnsafeBytes { bytes in
            let digest = SHA256.hash(bytes)
            if let features = cache.features(of: digest) { return .known(digest, features) }
            do throws(ImageError) {
                try encoder.prepare(bytes, at: place)
                return .prepared(digest)
            } catch .noMemory(let what) {
                throw Exhausted(description: "'\(path)': \(ImageError.noMemory(what: what))")
            } catch {
                return .bad(digest, Failure(error, path: path))
            }
        }
    }
}
