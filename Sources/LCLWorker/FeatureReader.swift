// SPDX-License-Identifier: Apache-2.0
import LCLDigest
import LCLImage
import LCLJob
import LCLLink
import LCLTensor

/// Pictures in, features out: reads, hashes, decodes and encodes a batch at a time. One for each thread; it keeps its buffers.
final class FeatureReader {
    /// Pictures encoded together at most.
    static let batch = 32

    let model: LinkModel
    private let pictures: PictureReader
    private var cache: FeatureCache
    /// batch x side x side x 3.
    private let pixels: UnsafeMutableBufferPointer<UInt8>

    init(model: LinkModel, limits: ImageLimits, cached: Int) {
        self.model = model
        pictures = PictureReader(side: model.inputSide, limits: limits)
        cache = FeatureCache(capacity: cached)
        pixels = .allocate(capacity: Self.batch * pictures.preparedCount)
    }

    deinit { pixels.deallocate() }

    /// One picture's features, or why it has none.
    struct Picture {
        /// `nil` where its bytes could not be read.
        var digest: SHA256.Digest?
        /// model.featureWidth values.
        var features: Result<[Float], Failure>
    }

    /// The features of up to ``batch`` pictures, in the order of `paths`.
    func read(_ paths: some Collection<String>, from source: some PictureSource) -> [Picture] {
        precondition(paths.count <= Self.batch, "one batch at a time")
        var found: [Picture] = [], decoded: [(index: Int, digest: SHA256.Digest)] = []
        for path in paths {
            switch prepare(path, slot: decoded.count, from: source) {
            case .known(let digest, let features): found.append(Picture(digest: digest, features: .success(features)))
            case .bad(let digest, let failure): found.append(Picture(digest: digest, features: .failure(failure)))
            case .decoded(let digest):
                decoded.append((found.count, digest))
                found.append(Picture(digest: digest, features: .success([])))
            }
        }
        guard !decoded.isEmpty else { return found }
        let encoded = model.features(
            pixels: UnsafeBufferPointer(rebasing: pixels[..<(decoded.count * pictures.preparedCount)]), count: decoded.count)
        for (row, picture) in decoded.enumerated() {
            let features = encoded.row(row)
            cache.store(features, of: picture.digest)
            found[picture.index].features = .success(features)
        }
        return found
    }

    private enum Prepared {
        case known(SHA256.Digest, [Float])
        /// Its pixels stand in the slot.
        case decoded(SHA256.Digest)
        case bad(SHA256.Digest?, Failure)
    }

    private func prepare(_ path: String, slot: Int, from source: some PictureSource) -> Prepared {
        let bytes: [UInt8]
        do throws(Failure) { bytes = try source.read(path, upTo: pictures.limits.bytes) } catch { return .bad(nil, error) }
        return bytes.withUnsafeBytes { bytes in
            let digest = SHA256.hash(bytes)
            if let features = cache.features(of: digest) { return .known(digest, features) }
            let size = pictures.preparedCount
            do throws(ImageError) {
                try pictures.prepare(bytes, into: UnsafeMutableBufferPointer(rebasing: pixels[(slot * size)..<((slot + 1) * size)]))
                return .decoded(digest)
            } catch {
                return .bad(digest, Failure(error, path: path))
            }
        }
    }
}
