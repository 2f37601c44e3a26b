// SPDX-License-Identifier: Apache-2.0
import LCLLink

/// A query of a trial, as a calibration has it.
package struct Judgement {
    /// Calibrated probability of the best label.
    package let confidence: Double
    /// Whether the right label's logit is above all others; `nil` for a query of no label.
    package let isRight: Bool?
    /// Likeness over the threshold of `unknown: auto`: unknown where negative.
    package let over: Double
    /// Whether the job's confidence is said to be one that can be relied on.
    package let isTrusted: Bool
}

extension Trial {
    package func judged(by calibration: Calibration) -> [Judgement] {
        let job = calibration.job(support)
        return logits.indices.map { query in
            let row = logits[query]
            return Judgement(
                confidence: job.probabilities(row).max() ?? 1,
                isRight: truths[query].map { truth in row.indices.allSatisfy { $0 == truth || row[$0] < row[truth] } },
                over: likeness[query] - job.threshold, isTrusted: job.isTrusted)
        }
    }
}
