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
    /// Bytes of the longest path of a support.
    private let longestSupport: Int
    /// A training's pictures have features instead of answers.
    private let isTraining: Bool

    /// Of a sentence that names two paths.
    private static let maximumMessage = 16 << 10
    /// Beside the paths.
    private static let maximumRemark = 2 << 10

    init(_ manifest: Manifest) {
        model = manifest.model
        isTraining = manifest.task == .train
        labels = Set(manifest.labels.map(\.name))
        longestSupport = manifest.labels.lazy.flatMap(\.support).map(\.utf8.count).max() ?? 0
        supportCount = manifest.labels.reduce(0) { $0 + $1.support.count }
        supports = Dictionary(manifest.labels.flatMap { label in label.support.map { ($0, [label.name]) } }, uniquingKeysWith: { $0.union($1) })
    }

    func admits(_ verdict: Verdict, on query: Manifest.Query) -> Bool {
        guard verdict.id == query.id, verdict.image == query.image else { return false }
        guard isTraining ? verdict.answer == nil : (verdict.answer == nil) != (verdict.error == nil) else { return false }
        guard verdict.sha256.map(isDigest) ?? true else { return false }
        return verdict.answer.map(admits) ?? true && verdict.error.map { admits($0, of: query.image) && $0.code.isPicture } ?? true
    }

    func admits(_ linked: Linked) -> Bool {
        linked.model.name == model && isDigest(linked.model.sha256) && linked.conversation.map(admits) ?? true && admits(linked.support)
    }

    private func admits(_ report: SupportReport) -> Bool {
        (0...supportCount).contains(report.images) && report.leaveOneOutAccuracy.map(isShare) ?? true
            && report.suspects.count <= supportCount && report.skipped.count <= supportCount
            && report.suspects.allSatisfy { isSupport($0.image, $0.label) && labels.contains($0.looksLike) && isShare($0.confidence) }
            && report.skipped.allSatisfy { isSupport($0.image, $0.label) && admits($0.error, of: $0.image) && ($0.error.code.isPicture || $0.error.code == .supportDuplicate) }
    }

    private func admits(_ conversation: ConversationReport) -> Bool {
        conversation.positions >= 0 && (1...Manifest.maximumOrders).contains(conversation.orders) && conversation.template.utf8.count <= Manifest.maximumNameLength
            && conversation.orderSensitivity == nil
    }

    func admits(_ failure: Failure) -> Bool {
        failure.message.utf8.count <= Self.maximumMessage && (failure.subject?.utf8.count ?? 0) <= Self.maximumMessage
    }

    /// What is said of one picture names it, twice at most, and perhaps another of its label: there may be a million of them.
    private func admits(_ failure: Failure, of image: String) -> Bool {
        // As the job came it may have been absolute.
        failure.message.utf8.count <= Self.maximumRemark + 2 * (image.utf8.count + longestSupport) && (failure.subject?.utf8.count ?? 0) <= image.utf8.count + 1
    }

    private func admits(_ answer: Answer) -> Bool {
        isShare(answer.confidence) && labels.contains(answer.label) && isNumber(answer.margin) && answer.orderSensitivity.map(isShare) ?? true
            && answer.scores.count <= labels.count && answer.scores.allSatisfy { labels.contains($0.label) && isShare($0.probability) && isNumber($0.logit) }
            && answer.nearest.count <= Self.mostNeighbours && answer.nearest.allSatisfy { isSupport($0.image, $0.label) && isNumber($0.similarity) }
    }

    /// That an answer names.
    private static let mostNeighbours = 16

    private func isShare(_ number: Double) -> Bool { (0...1).contains(number) }

    /// Of a size that sums of them stay numbers.
    private func isNumber(_ number: Double) -> Bool { abs(number) <= 1e9 }

    private func isSupport(_ image: String, _ label: String) -> Bool { supports[image]?.contains(label) == true }

    private func isDigest(_ text: String) -> Bool { text.utf8.count <= 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) } }
}

extension Failure.Code {
    fileprivate var isPicture: Bool { rawValue.hasPrefix("image.") }
}
