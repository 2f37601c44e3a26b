// SPDX-License-Identifier: Apache-2.0
import COpenBLAS

// Products and factorisations on OpenBLAS, always on the calling thread alone: lcl's parallelism is processes.
// A row of a product may differ in its last bits with the number of rows; where a result must not depend on the batch,
// use ``LinearLayer``.

extension Matrix {
    /// A B: `[m x k] * [k x n] -> [m x n]`.
    public static func * (a: Matrix, b: Matrix) -> Matrix { fatalError() }

    /// A Bᵀ: `[m x k], [n x k] -> [m x n]`: all dot products of rows with rows.
    public func timesTransposed(_ b: Matrix) -> Matrix { fatalError() }

    /// Aᵀ B: `[k x m], [k x n] -> [m x n]`.
    public func transposedTimes(_ b: Matrix) -> Matrix { fatalError() }

    /// Aᵀ A: `[m x n] -> [n x n]`, exactly symmetric.
    public func gram() -> Matrix { fatalError() }

    /// The mean of the rows, one value per column, summed in double precision.
    public func meanRow() -> [Float] { fatalError() }

    /// Subtracts `vector` (one value per column) from every row.
    public mutating func subtractFromRows(_ vector: [Float]) { fatalError() }

    /// Scales every row to length 1 (L2); a row of zeros stays.
    public mutating func normalizeRows() { fatalError() }

    /// Eigenvalues, ascending, and unit eigenvectors as the *rows* of the second value, in the same order. Only the lower
    /// triangle is read.
    /// - Throws: ``LinearAlgebraError`` where the iteration does not converge, or the matrix has a NaN.
    public func symmetricEigen() throws(LinearAlgebraError) -> (values: [Float], vectors: Matrix) { fatalError() }

    /// X with A X = B for symmetric positive definite A `[n x n]` and B `[n x m]`, by Cholesky in double precision.
    /// - Throws: ``LinearAlgebraError`` where A is not positive definite.
    public func solvePositiveDefinite(_ b: Matrix) throws(LinearAlgebraError) -> Matrix { fatalError() }
}

/// Why a factorisation has no answer.
public enum LinearAlgebraError: Error, Equatable, CustomStringConvertible {
    case notFinite(operation: String)
    case notPositiveDefinite(order: Int)
    case noConvergence(operation: String)

    public var description: String { fatalError() }
}
