// SPDX-License-Identifier: Apache-2.0
import LCLJob
import LCLWorker

/// What of a worker's words can be true of its job: a decoder's bug may have made it anybody's, and what it says is published.
struct Plausibility {
    private let model: String
    /// The labels that a picture is a support of.
    private let supports: [String: Set<String>]
    private let labels: Set<String>
    let supportCount: Int
    /// A training's pictures have features instead of answers.
    private let isTraining: Bool

    /// Of a sentence that names two paths.
    private static let maximumMessage = 16 << 10

    init(_ manifest: Manifest) {
        model = manifest.model
        isTraining = manifest.task == .train
        labels = Set(manifest.labels.map(\.name))
        supportCount = manifest.labels.reduce(0) { $0 + $1.support.count }
        supports = Dictionary(manifest.labels.flatMap { label in label.support.map { ($0, [label.name]) } }, uniquingKeysWith: { $0.union($1) })
    }

    func admits(_ verdict: Verdict, on query: Manifest.Query) -> Bool {
        guard verdict.id == query.id, verdict.image == query.image else { return false }
        guard isTraining ? verdict.answer == nil : (verdict.answer == nil) != (verdict.error == nil) else { return false }
        guard verdict.sha256.map(isDigest) ?? true else { return false }
        return verdict.answer.map(admits) ?? true && verdict.error.map { admits($0) && $0.code.isPicture } ?? true
    }

    func admits(_ linked: Linked) -> Bool {
        linked.model.name == model && isDigest(linked.model.sha256)
            && linked.support.suspects.count <= supports.count && linked.support.skipped.count <= supports.count * labels.count
            && linked.support.suspects.allSatisfy { isSupport($0.image, $0.label) && labels.contains($0.looksLike) }
            && linked.support.skipped.allSatisfy { isSupport($0.image, $0.label) && admits($0.error) && $0.error.code.isPicture }
    }

    func admits(_ failure: Failure) -> Bool {
        failure.message.utf8.count <= Self.maximumMessage && (failure.subject?.utf8.count ?? 0) <= Self.maximumMessage
    }

    private func admits(_ answer: Answer) -> Bool {
        (0...1).contains(answer.confidence) && labels.contains(answer.label)
            && answer.scores.count <= labels.count && answer.scores.allSatisfy { labels.contains($0.label) }
            && answer.nearest.count <= supports.count && answer.nearest.allSatisfy { isSupport($0.image, $0.label) }
    }

    private func isSupport(_ image: String, _ label: String) -> Bool { supports[image]?.contains(label) == true }

    private func isDigest(_ text: String) -> Bool { text.utf8.count <= 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) } }
}

extension Failure.Code {
    fileprivate var isPicture: Bool { rawValue.hasPrefix("image.") }
}
