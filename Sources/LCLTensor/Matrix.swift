// SPDX-License-Identifier: Apache-2.0

/// A row-major matrix of `Float`, a value: copies share their memory until one is written to.
///
/// Rows and columns of another matrix can be looked at without a copy (``rows(_:)``, ``columns(_:)``). Indices and
/// shapes are checked in every build. A row that starts a fresh matrix is 64-byte aligned.
public struct Matrix: Sendable {
    public let rowCount: Int
    public let columnCount: Int

    /// All zero.
    public init(rows: Int, columns: Int) { fatalError() }

    /// - Parameter elements: `rows x columns` values, row by row.
    public init(rows: Int, columns: Int, _ elements: [Float]) { fatalError() }

    /// From rows of equal length; no rows make the 0 x 0 matrix.
    public init(_ rows: [[Float]]) { fatalError() }

    public subscript(row: Int, column: Int) -> Float {
        get { fatalError() }
        set { fatalError() }
    }

    /// A copy of one row.
    public func row(_ index: Int) -> [Float] { fatalError() }

    /// These rows, sharing memory.
    public func rows(_ range: Range<Int>) -> Matrix { fatalError() }

    /// These columns, sharing memory.
    public func columns(_ range: Range<Int>) -> Matrix { fatalError() }

    /// These rows in this order, copied.
    public func gather(_ indices: [Int]) -> Matrix { fatalError() }

    /// Every element, row by row, copied.
    public var elements: [Float] { fatalError() }

    public var transposed: Matrix { fatalError() }

    /// One row's elements, in place.
    public func withRow<R>(_ index: Int, _ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R { fatalError() }

    public mutating func withMutableRow<R>(_ index: Int, _ body: (UnsafeMutableBufferPointer<Float>) throws -> R) rethrows -> R {
        fatalError()
    }

    public func map(_ transform: (Float) -> Float) -> Matrix { fatalError() }
}
