// SPDX-License-Identifier: Apache-2.0
import COpenBLAS

// Products and factorisations on OpenBLAS, always on the calling thread alone: lcl's parallelism is processes.
// A row of a product may differ in its last bits with the number of rows; where a result must not depend on the batch,
// use ``LinearLayer``.

/// OpenBLAS's own threads are switched off once, before the first call: its pool fights any other.
private let openBLAS: Void = openblas_set_num_threads(1)

extension Matrix {
    /// A B: `[m x k] * [k x n] -> [m x n]`.
    public static func * (a: Matrix, b: Matrix) -> Matrix {
        product(a, CblasNoTrans, b, CblasNoTrans, m: a.rowCount, n: b.columnCount, k: (a.columnCount, b.rowCount))
    }

    /// A Bᵀ: `[m x k], [n x k] -> [m x n]`: all dot products of rows with rows.
    public func timesTransposed(_ b: Matrix) -> Matrix {
        Self.product(self, CblasNoTrans, b, CblasTrans, m: rowCount, n: b.rowCount, k: (columnCount, b.columnCount))
    }

    /// Aᵀ B: `[k x m], [k x n] -> [m x n]`.
    public func transposedTimes(_ b: Matrix) -> Matrix {
        Self.product(self, CblasTrans, b, CblasNoTrans, m: columnCount, n: b.columnCount, k: (rowCount, b.rowCount))
    }

    private static func product(
        _ a: Matrix, _ transposeA: CBLAS_TRANSPOSE, _ b: Matrix, _ transposeB: CBLAS_TRANSPOSE, m: Int, n: Int, k: (Int, Int)
    ) -> Matrix {
        precondition(k.0 == k.1, "the inner sides of a product are equal: \(k.0) and \(k.1)")
        var result = Matrix(rows: m, columns: n)
        guard m > 0, n > 0, k.0 > 0 else { return result }
        openBLAS
        let stride = Int32(result.stride)
        result.withMutableBase { c in
            a.withBase { x in
                b.withBase { y in
                    cblas_sgemm(
                        CblasRowMajor, transposeA, transposeB, Int32(m), Int32(n), Int32(k.0), 1, x, Int32(a.stride), y,
                        Int32(b.stride), 0, c, stride)
                }
            }
        }
        return result
    }

    /// Aᵀ A: `[m x n] -> [n x n]`, exactly symmetric.
    public func gram() -> Matrix {
        var result = Matrix(rows: columnCount, columns: columnCount)
        guard rowCount > 0, columnCount > 0 else { return result }
        openBLAS
        let n = columnCount, to = result.stride
        result.withMutableBase { c in
            withBase { a in
                cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, Int32(n), Int32(rowCount), 1, a, Int32(stride), 0, c, Int32(to))
            }
            for row in 0..<n {
                for column in 0..<row { c[column * to + row] = c[row * to + column] }
            }
        }
        return result
    }

    /// The mean of the rows, one value per column, summed in double precision.
    public func meanRow() -> [Float] {
        precondition(rowCount > 0, "no mean of no rows")
        var sum = [Double](repeating: 0, count: columnCount)
        for row in 0..<rowCount {
            withRow(row) { elements in
                for i in elements.indices { sum[i] += Double(elements[i]) }
            }
        }
        return sum.map { Float($0 / Double(rowCount)) }
    }

    /// Subtracts `vector` (one value per column) from every row.
    public mutating func subtractFromRows(_ vector: [Float]) {
        precondition(vector.count == columnCount, "\(vector.count) values for \(columnCount) columns")
        for row in 0..<rowCount {
            withMutableRow(row) { elements in
                for i in elements.indices { elements[i] -= vector[i] }
            }
        }
    }

    /// Adds `vector` (one value per column) to every row.
    public mutating func addToRows(_ vector: [Float]) {
        precondition(vector.count == columnCount, "\(vector.count) values for \(columnCount) columns")
        for row in 0..<rowCount {
            withMutableRow(row) { elements in
                for i in elements.indices { elements[i] += vector[i] }
            }
        }
    }

    /// Scales every row to length 1 (L2); a row of zeros stays.
    public mutating func normalizeRows() {
        for row in 0..<rowCount {
            withMutableRow(row) { elements in
                let square = elements.reduce(0.0) { $0 + Double($1) * Double($1) }
                guard square > 0 else { return }
                let scale = Float(1 / square.squareRoot())
                for i in elements.indices { elements[i] *= scale }
            }
        }
    }
}

// MARK: - Factorisations

extension Matrix {
    /// Eigenvalues, ascending, and unit eigenvectors as the *rows* of the second value, in the same order. Only the lower
    /// triangle is read.
    /// - Throws: ``LinearAlgebraError`` where the iteration does not converge, or the matrix is not finite.
    public func symmetricEigen() throws(LinearAlgebraError) -> (values: [Float], vectors: Matrix) {
        precondition(rowCount == columnCount, "a symmetric matrix is square")
        try checkFinite("eigendecomposition")
        guard rowCount > 0 else { return ([], self) }
        openBLAS
        // LAPACK is column-major: our lower triangle is its upper one, and its columns are our rows.
        var n = Int32(rowCount), info: Int32 = 0, values = [Float](repeating: 0, count: rowCount)
        var vectors = copied(), stride = Int32(vectors.stride)
        vectors.withMutableBase { a in
            var workSize: Float = 0, integerWorkSize: Int32 = 0, query: Int32 = -1
            ssyevd_("V", "U", &n, a, &stride, &values, &workSize, &query, &integerWorkSize, &query, &info)
            // The size comes back as a Float, which may round down: one part in 2²³ more.
            var lwork = Int32(workSize) + Int32(workSize) / (1 << 22) + 1, liwork = integerWorkSize
            var work = [Float](repeating: 0, count: Int(lwork)), integerWork = [Int32](repeating: 0, count: Int(liwork))
            ssyevd_("V", "U", &n, a, &stride, &values, &work, &lwork, &integerWork, &liwork, &info)
        }
        guard info == 0 else { throw .noConvergence(operation: "eigendecomposition", order: rowCount) }
        return (values, vectors)
    }

    /// X with A X = B for symmetric positive definite A `[n x n]` and B `[n x m]`, by Cholesky in double precision. Only the
    /// lower triangle of A is read.
    /// - Throws: ``LinearAlgebraError`` where A is not positive definite, or not finite.
    public func solvePositiveDefinite(_ b: Matrix) throws(LinearAlgebraError) -> Matrix {
        precondition(rowCount == columnCount && rowCount == b.rowCount, "\(rowCount) x \(columnCount) against \(b.rowCount) rows")
        try checkFinite("solution of a linear system")
        guard rowCount > 0, b.columnCount > 0 else { return b }
        openBLAS
        var a = elements.map(Double.init), x = b.transposed.elements.map(Double.init)
        var n = Int32(rowCount), columns = Int32(b.columnCount), info: Int32 = 0
        dposv_("U", &n, &columns, &a, &n, &x, &n, &info)
        guard info == 0 else { throw .notPositiveDefinite(order: rowCount) }
        return Matrix(rows: b.columnCount, columns: b.rowCount, x.map { Float($0) }).transposed
    }

    private func checkFinite(_ operation: String) throws(LinearAlgebraError) {
        for row in 0..<rowCount where !withRow(row, { $0.allSatisfy(\.isFinite) }) {
            throw .notFinite(operation: operation, row: row)
        }
    }
}

/// Why a factorisation has no answer.
public enum LinearAlgebraError: Error, Equatable, CustomStringConvertible {
    case notFinite(operation: String, row: Int)
    case notPositiveDefinite(order: Int)
    case noConvergence(operation: String, order: Int)

    public var description: String {
        switch self {
        case .notFinite(let operation, let row):
            "Unable to compute the \(operation): row \(row) of the matrix holds a NaN or an infinity."
        case .notPositiveDefinite(let order):
            "Unable to solve the linear system of order \(order): the matrix is not positive definite; add to its diagonal."
        case .noConvergence(let operation, let order):
            "Unable to compute the \(operation) of order \(order): LAPACK's iteration did not converge."
        }
    }
}
