// SPDX-License-Identifier: Apache-2.0

/// A row-major matrix of `Float`, a value: copies share their memory until one is written to.
///
/// Rows and columns of another matrix can be looked at without a copy (``rows(_:)``, ``columns(_:)``). Indices and
/// shapes are checked in every build. A row that starts a fresh matrix is 64-byte aligned.
public struct Matrix: Sendable {
    public let rowCount: Int
    public let columnCount: Int
    /// Floats from one row to the next.
    private(set) var stride: Int
    private var offset: Int
    private var buffer: FloatBuffer

    /// All zero.
    public init(rows: Int, columns: Int) {
        self.init(rows: rows, columns: columns, stride: Self.stride(columns: columns))
    }

    /// Floats from one row to the next of a fresh matrix. Wide rows take an odd number of cache lines: rows a power of two apart
    /// would share a few sets of the first-level cache, and drive each other out of it.
    package static func stride(columns: Int) -> Int { columns < 256 ? columns : ((columns + 15) / 16 | 1) * 16 }

    /// All zero, with room at the end of each row.
    init(rows: Int, columns: Int, stride: Int) {
        precondition(rows >= 0 && columns >= 0 && stride >= columns, "a matrix has no negative side")
        let (count, overflow) = rows.multipliedReportingOverflow(by: stride)
        precondition(!overflow, "a matrix fits in memory")
        self.init(rows: rows, columns: columns, stride: stride, offset: 0, buffer: FloatBuffer(count: count))
    }

    /// Of any values: for a kernel that writes every row before it is read.
    init(unwritten rows: Int, columns: Int, stride: Int? = nil) {
        let stride = stride ?? Self.stride(columns: columns), (count, overflow) = rows.multipliedReportingOverflow(by: stride)
        precondition(rows >= 0 && columns >= 0 && stride >= columns && !overflow, "a matrix fits in memory")
        self.init(rows: rows, columns: columns, stride: stride, offset: 0, buffer: FloatBuffer(unwritten: count))
    }

    private init(rows: Int, columns: Int, stride: Int, offset: Int, buffer: FloatBuffer) {
        rowCount = rows
        columnCount = columns
        self.stride = stride
        self.offset = offset
        self.buffer = buffer
    }

    /// - Parameter elements: `rows x columns` values, row by row.
    public init(rows: Int, columns: Int, _ elements: [Float]) {
        self.init(rows: rows, columns: columns)
        precondition(elements.count == rows * columns, "\(elements.count) elements for \(rows) x \(columns)")
        elements.withUnsafeBufferPointer { from in
            for row in 0..<rows where columns > 0 { fill(row: row, from: UnsafeBufferPointer(rebasing: from[row * columns..<(row + 1) * columns])) }
        }
    }

    /// From rows of equal length; no rows make the 0 x 0 matrix.
    public init(_ rows: [[Float]]) {
        let columns = rows.first?.count ?? 0
        precondition(rows.allSatisfy { $0.count == columns }, "rows of equal length")
        self.init(rows: rows.count, columns: columns, rows.flatMap { $0 })
    }

    public subscript(row: Int, column: Int) -> Float {
        get {
            check(row, column)
            return buffer.base[offset + row * stride + column]
        }
        set {
            check(row, column)
            makeUnique()
            buffer.base[offset + row * stride + column] = newValue
        }
    }

    /// A copy of one row.
    public func row(_ index: Int) -> [Float] { withRow(index) { Array($0) } }

    /// Every element, row by row, copied.
    public var elements: [Float] {
        (0..<rowCount).reduce(into: []) { all, row in withRow(row) { all.append(contentsOf: $0) } }
    }

    /// One row's elements, in place.
    public func withRow<R>(_ index: Int, _ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
        precondition(index >= 0 && index < rowCount, "row \(index) of \(rowCount)")
        return try withExtendedLifetime(buffer) {
            try body(UnsafeBufferPointer(start: buffer.base + offset + index * stride, count: columnCount))
        }
    }

    public mutating func withMutableRow<R>(_ index: Int, _ body: (UnsafeMutableBufferPointer<Float>) throws -> R) rethrows -> R {
        precondition(index >= 0 && index < rowCount, "row \(index) of \(rowCount)")
        makeUnique()
        return try withExtendedLifetime(buffer) {
            try body(UnsafeMutableBufferPointer(start: buffer.base + offset + index * stride, count: columnCount))
        }
    }

    /// The first element; the rest is at ``stride``. For kernels of this module, which check shapes first.
    func withBase<R>(_ body: (UnsafePointer<Float>) throws -> R) rethrows -> R {
        try withExtendedLifetime(buffer) { try body(buffer.base + offset) }
    }

    mutating func withMutableBase<R>(_ body: (UnsafeMutablePointer<Float>) throws -> R) rethrows -> R {
        makeUnique()
        return try withExtendedLifetime(buffer) { try body(buffer.base + offset) }
    }

    private mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&buffer) { self = copied() }
    }

    private func check(_ row: Int, _ column: Int) {
        precondition(row >= 0 && row < rowCount && column >= 0 && column < columnCount, "[\(row), \(column)] of \(rowCount) x \(columnCount)")
    }
}

// MARK: - Views and copies

extension Matrix {
    /// These rows, sharing memory.
    public func rows(_ range: Range<Int>) -> Matrix {
        precondition(range.lowerBound >= 0 && range.upperBound <= rowCount, "rows \(range) of \(rowCount)")
        return Matrix(rows: range.count, columns: columnCount, stride: stride, offset: offset + range.lowerBound * stride, buffer: buffer)
    }

    /// These columns, sharing memory.
    public func columns(_ range: Range<Int>) -> Matrix {
        precondition(range.lowerBound >= 0 && range.upperBound <= columnCount, "columns \(range) of \(columnCount)")
        return Matrix(rows: rowCount, columns: range.count, stride: stride, offset: offset + range.lowerBound, buffer: buffer)
    }

    /// These rows in this order, copied.
    public func gather(_ indices: [Int]) -> Matrix {
        let result = Matrix(rows: indices.count, columns: columnCount)
        for (to, from) in indices.enumerated() {
            withRow(from) { result.fill(row: to, from: $0) }
        }
        return result
    }

    public var transposed: Matrix {
        let result = Matrix(rows: columnCount, columns: rowCount)
        for row in 0..<rowCount {
            withRow(row) { from in
                for column in 0..<columnCount { result.buffer.base[column * result.stride + row] = from[column] }
            }
        }
        return result
    }

    public func map(_ transform: (Float) -> Float) -> Matrix {
        var result = copied()
        for row in 0..<rowCount {
            result.withMutableRow(row) { elements in
                for i in elements.indices { elements[i] = transform(elements[i]) }
            }
        }
        return result
    }

    func copied() -> Matrix {
        let result = Matrix(rows: rowCount, columns: columnCount)
        for row in 0..<rowCount { withRow(row) { result.fill(row: row, from: $0) } }
        return result
    }

    /// Only for a matrix that was just made: it does not look whether the memory is shared.
    private func fill(row: Int, from source: UnsafeBufferPointer<Float>) {
        if let start = source.baseAddress { (buffer.base + row * stride).update(from: start, count: columnCount) }
    }
}

extension Matrix: Equatable {
    public static func == (a: Matrix, b: Matrix) -> Bool {
        a.rowCount == b.rowCount && a.columnCount == b.columnCount
            && (0..<a.rowCount).allSatisfy { row in a.withRow(row) { x in b.withRow(row) { x.elementsEqual($0) } } }
    }
}
