// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

/// The method `metric`: ``Ridge`` in a learned space, corrected for hubs.
///
/// A label's score is its ridge score, as wide as the labels' prototypes are apart (so that it compares with a cosine), less half
/// of its mean's ``Cohort/hubness(_:)``. How much a query looks like any label at all is its best cosine to a prototype,
/// less half of its own ``Cohort/familiarity(_:)``.
public struct RidgeLink: LinkMethod {
    public let space: FeatureSpace
    public let cohort: Cohort

    public init(space: FeatureSpace, cohort: Cohort) {
        self.space = space
        self.cohort = cohort
    }

    public func link(_ points: Matrix, labels: [Int], ways: Int) throws(LinkError) -> any LinkContext {
        do {
            return try RidgeContext(self, points, labels: labels, ways: ways)
        } catch {
            throw .support(reason: "\(error)")
        }
    }
}

/// Ridge weights and prototypes of one support set.
struct RidgeContext: LinkContext {
    private let cohort: Cohort
    private let labels: [Int]
    private let supports: Matrix
    private let nearest: NearestMeanContext
    private let ridge: Ridge
    /// How far the prototypes are apart: the mean of 1 - cosine over their pairs.
    private let spread: Float
    /// What each label's score is lowered by.
    private let hubness: [Float]
    /// Logits of points.
    private let layer: LinearLayer

    /// How much of hubness and familiarity is taken off; the number of classes that tell them is ``Cohort/nearest``.
    static let share: Float = 0.5

    init(_ method: RidgeLink, _ supports: Matrix, labels: [Int], ways: Int) throws(LinearAlgebraError) {
        (cohort, self.labels, self.supports) = (method.cohort, labels, supports)
        nearest = NearestMeanContext(space: method.space, supports: supports, labels: labels, ways: ways)
        ridge = try Ridge(supports, labels: labels, ways: ways)
        spread = Self.spread(nearest.prototypes)
        hubness = cohort.hubness(supports.means(labels, shots: labels.shots(ways: ways))).map { $0 * Self.share }
        layer = LinearLayer(weights: Self.weights(ridge, spread), bias: Self.bias(ridge, spread, hubness))
    }

    func scores(_ queries: Matrix, transductive: Bool) -> LinkScores {
        let cosines = nearest.cosines(queries), familiarity = cohort.familiarity(queries)
        return LinkScores(
            logits: transductive ? moved(by: queries)(queries) : layer(queries),
            likeness: zip(cosines.rowMaxima, familiarity).map { $0 - Self.share * $1 }, similarities: nearest.similarities(queries))
    }

    /// Prototypes speak for the ridge, which cannot leave a support out of one label alone without favouring the others.
    func leftOut() -> LeftOut {
        let reduced = nearest.leftOutPrototypes(), cosines = nearest.leftOutCosines(reduced)
        let hubs = cohort.hubness(reduced), familiarity = cohort.familiarity(supports), shots = labels.shots(ways: hubness.count)
        var mean = [Float](repeating: 0, count: hubness.count)
        for (index, label) in labels.enumerated() { mean[label] += hubs[index] / Float(shots[label]) }
        var logits = cosines, likeness = cosines
        for (index, label) in labels.enumerated() {
            var lowered = mean
            lowered[label] = hubs[index]
            logits.add(lowered, toRow: index, scaledBy: -Self.share)
            likeness.add([Float](repeating: familiarity[index], count: mean.count), toRow: index, scaledBy: -Self.share)
        }
        return LeftOut(logits: logits, likeness: likeness, labels: labels)
    }

    /// Logits whose weights have moved as far as transduction moves the prototypes.
    private func moved(by queries: Matrix) -> LinearLayer {
        var weights = Self.weights(ridge, spread)
        let moved = nearest.sharpened(by: queries)
        for label in 0..<moved.rowCount {
            weights.add(moved.row(label), toRow: label)
            weights.add(nearest.prototypes.row(label), toRow: label, scaledBy: -1)
        }
        return LinearLayer(weights: weights, bias: Self.bias(ridge, spread, hubness))
    }

    private static func weights(_ ridge: Ridge, _ spread: Float) -> Matrix { ridge.weights.map { $0 * spread } }

    private static func bias(_ ridge: Ridge, _ spread: Float, _ hubness: [Float]) -> [Float] {
        zip(ridge.bias, hubness).map { $0 * spread - $1 }
    }

    private static func spread(_ prototypes: Matrix) -> Float {
        let ways = Float(prototypes.rowCount)
        guard ways > 1 else { return 0 }
        let sum = prototypes.meanRow().reduce(0) { $0 + $1 * $1 } * ways * ways
        return (ways * ways - sum) / (ways * (ways - 1))
    }
}
