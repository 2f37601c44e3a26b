// SPDX-License-Identifier: Apache-2.0
import LCLDigest
import LCLJob
import LCLLink

/// A job's supports as far as they could be read.
struct SupportPictures {
    struct Used: Sendable {
        var image: String
        /// Number of its label in the manifest.
        var label: Int
    }

    /// In the order of the manifest.
    private(set) var used: [Used] = []
    private(set) var skipped: [SupportReport.Skipped] = []
    private(set) var pictures: LabelledPictures

    /// - Parameter alive: called before every picture, and now and then between.
    /// - Throws: ``Failure``: `support.empty`, `support.conflict`.
    init(of manifest: Manifest, by reader: FeatureReader, from source: some PictureSource, alive: () throws -> Void) throws {
        pictures = LabelledPictures(pictures: [], labels: [], names: manifest.labels.map(\.name), digests: [])
        var owners: [SHA256.Digest: Used] = [:]
        let supports = manifest.labels.enumerated().flatMap { i, label in label.support.map { Used(image: $0, label: i) } }
        for batch in supports.batches(of: reader.batch) {
            for (support, picture) in zip(batch, try reader.read(batch.map(\.image), from: source, alive: alive)) {
                let label = manifest.labels[support.label].name
                guard let digest = picture.digest, let first = owners[digest] else {
                    picture.digest.map { owners[$0] = support }
                    add(support, picture, named: label)
                    continue
                }
                guard first.label == support.label else { throw Failure.conflict(support.image, label, first.image, manifest.labels[first.label].name) }
                skipped.append(.init(image: support.image, label: label, error: .duplicate(support.image, first.image)))
            }
        }
        for (i, label) in manifest.labels.enumerated() where !used.contains(where: { $0.label == i }) {
            throw Failure.empty(label.name, skipped.first { $0.label == label.name }?.error)
        }
    }

    private mutating func add(_ support: Used, _ picture: FeatureReader.Picture, named label: String) {
        switch picture.features {
        case .success(let features):
            used.append(support)
            pictures.pictures.append(features)
            pictures.labels.append(support.label)
            pictures.digests.append(picture.digest?.bytes ?? [])
        case .failure(let failure): skipped.append(.init(image: support.image, label: label, error: failure))
        }
    }
}

extension SupportReport {
    init(_ check: SupportCheck, of supports: SupportPictures, _ manifest: Manifest) {
        let suspects = check.suspects.map {
            Suspect(
                image: supports.used[$0.support].image, label: manifest.labels[supports.used[$0.support].label].name,
                looksLike: manifest.labels[$0.looksLike].name, confidence: $0.confidence)
        }
        self.init(
            images: supports.used.count, leaveOneOutAccuracy: check.leaveOneOutAccuracy, confidenceTrusted: check.confidenceTrusted,
            suspects: suspects, skipped: supports.skipped)
    }
}
