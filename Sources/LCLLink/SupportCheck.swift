// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// What a support set says of itself when each support is asked as a query of all the others.
public struct SupportCheck: Equatable, Sendable {
    /// Share of supports that the others classify rightly, 0 to 1; `nil` where some label has one support only.
    public let leaveOneOutAccuracy: Double?
    /// Whether confidences can be taken as probabilities: see ``JobCalibration/isTrusted``; `nil` where no support was left out.
    public let confidenceTrusted: Bool?
    /// Supports that the others clearly give another label, in support order.
    public let suspects: [Suspect]

    public struct Suspect: Equatable, Sendable {
        public let support: Int
        public let looksLike: Int
        /// Calibrated probability of ``looksLike``.
        public let confidence: Double
    }

    /// Of a method that leaves no support out.
    static let none = SupportCheck(leaveOneOutAccuracy: nil, confidenceTrusted: nil, suspects: [])

    private init(leaveOneOutAccuracy: Double?, confidenceTrusted: Bool?, suspects: [Suspect]) {
        self.leaveOneOutAccuracy = leaveOneOutAccuracy
        self.confidenceTrusted = confidenceTrusted
        self.suspects = suspects
    }

    /// Calibrated probability of another label from which a support is a suspect.
    static let clearly = 0.9

    init(_ leftOut: LeftOut, labels: [Int], calibration: JobCalibration, confidenceTrusted: Bool) {
        var suspects: [Suspect] = [], right = 0, alone = 0
        for (support, label) in labels.enumerated() {
            let logits = leftOut.logits.row(support).map(Double.init)
            guard logits[label].isFinite else {
                alone += 1
                continue
            }
            let best = logits.ranked()[0]
            let confidence = calibration.probabilities(logits)[best]
            if best == label { right += 1 } else if confidence >= Self.clearly {
                suspects.append(Suspect(support: support, looksLike: best, confidence: confidence))
            }
        }
        self.confidenceTrusted = confidenceTrusted
        leaveOneOutAccuracy = alone == 0 ? Double(right) / Double(labels.count) : nil
        self.suspects = suspects
    }
}
