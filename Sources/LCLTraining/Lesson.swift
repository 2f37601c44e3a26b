// SPDX-License-Identifier: Apache-2.0

/// What one step of training shows a model.
public enum Lesson: Equatable, Sendable {
    /// A small task whose answer can only come from its support set.
    case link(LinkEpisode)
    /// The model's original task, without supports: pictures (rows of the table) and their classes (numbers in the sampler).
    case original([LinkEpisode.Example])
}

/// A support set with the texts that stand for its labels, and queries (Tai et al., arXiv 2308.07891, section 3.3). Pictures
/// are rows of a ``FeatureTable``; no picture is both support and query.
public struct LinkEpisode: Equatable, Sendable {
    /// One picture with the number of its label.
    public struct Example: Equatable, Hashable, Sendable {
        public let row: Int
        public let label: Int

        public init(row: Int, label: Int) {
            self.row = row
            self.label = label
        }
    }

    /// The text of each label. Label 0 is the positive class under a random text, so that only the supports can tell what it
    /// means; the others are its neighbours under their own names.
    public var labels: [String]
    /// The classes behind the labels: their numbers in the sampler.
    public var classes: [Int]
    /// In the order in which they are shown: shuffled.
    public var supports: [Example]
    public var queries: [Example]

    public init(labels: [String], classes: [Int], supports: [Example], queries: [Example]) {
        self.labels = labels
        self.classes = classes
        self.supports = supports
        self.queries = queries
    }

    /// The supports of each label, in the order shown.
    public var supportRows: [[Int]] {
        labels.indices.map { label in supports.filter { $0.label == label }.map(\.row) }
    }
}
