// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLModel

/// A way to learn the space that `metric` compares in.
public protocol MetricFit: Sendable {
    /// As `lcl train --strategy` calls it, and as the link file notes it.
    var strategy: String { get }

    /// The space fitted on `classes` of `table`, one part for each of `taps`. The same input gives the same bits.
    /// - Throws: ``TrainingError``; `LinearAlgebraError` where the features are not finite.
    func parts(_ table: FeatureTable, classes: [FeatureTable.Class], taps: [String]) throws -> [FeatureSpace.Part]
}

extension DiscriminantFit: MetricFit {
    public var strategy: String { "lda" }
}
