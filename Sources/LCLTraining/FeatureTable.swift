// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

/// The raw features of many labelled pictures: what training and evaluation work on.
public struct FeatureTable: Sendable {
    public struct Class: Hashable, Sendable {
        public let source: String
        public let name: String
        /// Its rows of ``FeatureTable/features``: each picture, and after it its views.
        public let rows: [Int]
        /// Variations of each picture among the rows.
        public let views: Int

        package init(source: String, name: String, rows: [Int], views: Int = 0) {
            precondition(rows.count % (1 + views) == 0, "every picture has its views")
            self.source = source
            self.name = name
            self.rows = rows
            self.views = views
        }

        /// The class without views: what may be measured on, since a view is all too like its picture.
        package var originals: Class {
            let rows = stride(from: 0, to: rows.count, by: 1 + views).map { self.rows[$0] }
            return Class(source: source, name: name, rows: rows)
        }
    }

    /// Names of the taps, joined in this order in a row.
    public let taps: [String]
    /// Columns of each tap.
    public let columns: [Range<Int>]
    /// [pictures x sum of taps].
    public let features: Matrix
    public let classes: [Class]

    package init(taps: [String], widths: [Int], features: Matrix, classes: [Class]) {
        var start = 0
        columns = widths.map { width in
            defer { start += width }
            return start..<start + width
        }
        precondition(start == features.columnCount, "the taps fill the rows")
        self.taps = taps
        self.features = features
        self.classes = classes
    }

    public var sources: [String] { Array(Set(classes.map(\.source))).sorted() }

    /// The raw features of one tap: [pictures x width].
    func tap(_ name: String) -> Matrix {
        guard let index = taps.firstIndex(of: name) else { preconditionFailure("the table has the tap \(name)") }
        return features.columns(columns[index])
    }

    /// The taps of the closer look; none where pictures are only seen whole.
    public var closerTaps: [String] { taps.filter { $0.hasPrefix("closer.") } }

    /// How unsure each picture's mask is; `nil` where there was none.
    public var doubts: [Float]? { taps.contains("doubt") ? tap("doubt").elements : nil }

    /// Whether the pictures' masks are sure, on average.
    public var isSure: Bool { doubts.map(Foreground.isSure) ?? false }

    /// With the features of `other`, which has some of the classes, picture by picture, and some of the taps, in the place of its own.
    public func replaced(by other: FeatureTable) -> FeatureTable {
        var features = features
        let places = zip(other.taps, other.columns).map { tap, from in (from: from, to: columns[taps.firstIndex(of: tap)!].lowerBound) }
        for group in other.classes {
            let own = classes.first { $0.source == group.source && $0.name == group.name }!
            precondition(own.rows.count == group.rows.count, "the same pictures")
            for (row, from) in zip(own.rows, group.rows) {
                other.features.withRow(from) { source in
                    features.withMutableRow(row) { target in
                        for place in places { for (index, column) in place.from.enumerated() { target[place.to + index] = source[column] } }
                    }
                }
            }
        }
        return FeatureTable(taps: taps, widths: columns.map(\.count), features: features, classes: classes)
    }

    /// The raw features of some taps: [rows x their widths].
    func features(of rows: [Int], taps: [String]) -> Matrix {
        let blocks = taps.map { tap($0).gather(rows) }
        return Matrix(rows.indices.map { row in blocks.flatMap { $0.row(row) } })
    }

    func classes(of sources: some Sequence<String>) -> [Class] {
        let sources = Set(sources)
        return classes.filter { sources.contains($0.source) }
    }
}
