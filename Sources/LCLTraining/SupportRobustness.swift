// SPDX-License-Identifier: Apache-2.0
import LCLLink

extension EvaluationReport {
    /// What is to be measured.
    public enum Figures: String, CaseIterable, Sendable {
        /// All that the method has.
        case all
        /// Only accuracy.
        case accuracy
        /// Only what flipped labels do.
        case flip
    }

    /// Accuracy when a share of every label's supports goes under the next label: what reads its answers from the supports
    /// alone falls to 0 when all labels are flipped, and what knows the classes does not (arXiv 2308.07891, section 5.3).
    public struct Flips: Codable, Equatable, Sendable {
        public var source: String
        public var shots: Int
        /// Share of the supports under a wrong label, in percent.
        public var flipped: Double
        public var accuracy: Double
        public var interval: Double
    }

    /// How much the order of the supports matters.
    public struct Order: Codable, Equatable, Sendable {
        public var source: String
        public var shots: Int
        /// Share of answers that change when the supports come in another order, in percent.
        public var changed: Double
    }

    /// Shares of the supports that are flipped.
    static let flippedShares = [0, 0.25, 0.5, 0.75, 1]
}

extension Episode {
    /// The first `count` supports of each label under the next one.
    package func flipped(_ count: Int) -> Episode {
        var flipped = self
        for label in supports.indices {
            let before = supports[(label + supports.count - 1) % supports.count]
            flipped.supports[label] = Array(before.prefix(count)) + Array(supports[label].dropFirst(count))
        }
        return flipped
    }

    /// The same with its labels in another order: label `i` becomes `i + places`.
    package func rotated(by places: Int) -> Episode {
        func turned<T>(_ items: [T]) -> [T] { items.isEmpty ? [] : items.indices.map { items[($0 + items.count - places % items.count) % items.count] } }
        var rotated = Episode(supports: turned(supports), queries: queries.map { ($0.row, ($0.label + places) % supports.count) })
        (rotated.outsiders, rotated.names) = (outsiders, turned(names))
        return rotated
    }

    /// Each label's supports in reverse order.
    package var reversed: Episode {
        var reversed = self
        reversed.supports = supports.map { $0.reversed() }
        return reversed
    }
}
