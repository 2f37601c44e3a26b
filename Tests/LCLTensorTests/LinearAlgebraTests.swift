// SPDX-License-Identifier: Apache-2.0
import LCLTensor
import Testing

@Suite struct LinearAlgebraTests {
    /// The obvious product, in double precision.
    private func slow(_ a: Matrix, _ b: Matrix) -> Matrix {
        Matrix((0..<a.rowCount).map { i in
            (0..<b.columnCount).map { j in
                Float((0..<a.columnCount).reduce(0.0) { $0 + Double(a[i, $1]) * Double(b[$1, j]) })
            }
        })
    }

    @Test(arguments: [(1, 1, 1), (3, 5, 7), (17, 33, 65), (64, 200, 3)])
    func products_equalTheSlowOne(m: Int, k: Int, n: Int) {
        var numbers = Numbers(seed: 1)
        // Views, so that strides are put to the test too.
        let a = numbers.matrix(m + 2, k + 3).rows(1..<m + 1).columns(2..<k + 2), b = numbers.matrix(k, n)
        let expected = slow(a, b), limit = tolerance(terms: k)
        #expect(distance(a * b, expected) <= limit)
        #expect(distance(a.timesTransposed(b.transposed), expected) <= limit)
        #expect(distance(a.transposed.transposedTimes(b), expected) <= limit)
    }

    @Test func gram_isTheProductWithItself_andSymmetric() {
        var numbers = Numbers(seed: 2)
        let a = numbers.matrix(50, 20), gram = a.gram()
        #expect(distance(gram, slow(a.transposed, a)) <= tolerance(terms: 50))
        #expect(gram == gram.transposed)
    }

    @Test func symmetricEigen_rebuildsTheMatrix() throws {
        var numbers = Numbers(seed: 3)
        let a = numbers.matrix(60, 40).gram(), (values, vectors) = try a.symmetricEigen()
        #expect(values == values.sorted() && values.count == 40)
        var scaled = vectors
        for i in 0..<40 { scaled.withMutableRow(i) { row in for j in row.indices { row[j] *= values[i] } } }
        #expect(distance(vectors.transposedTimes(scaled), a) <= 60 * tolerance(terms: 40))
        var identity = Matrix(rows: 40, columns: 40)
        for i in 0..<40 { identity[i, i] = 1 }
        #expect(distance(vectors.timesTransposed(vectors), identity) <= tolerance(terms: 40))
    }

    @Test func symmetricEigen_readsOnlyTheLowerTriangle() throws {
        let (values, _) = try Matrix([[2, 99], [1, 2]]).symmetricEigen()
        #expect(abs(values[0] - 1) < 1e-6 && abs(values[1] - 3) < 1e-6)
    }

    @Test func solvePositiveDefinite_givesBack_whatWasMultiplied() throws {
        var numbers = Numbers(seed: 4)
        var a = numbers.matrix(60, 30).gram()
        for i in 0..<30 { a[i, i] += 1 }
        let x = numbers.matrix(30, 4)
        #expect(distance(try a.solvePositiveDefinite(a * x), x) <= 1e-4)
    }

    @Test func solvePositiveDefinite_throws_whenTheMatrixIsIndefinite() {
        #expect(throws: LinearAlgebraError.notPositiveDefinite(order: 2)) {
            try Matrix([[1, 2], [2, 1]]).solvePositiveDefinite(Matrix([[1], [1]]))
        }
    }

    @Test func factorisations_throw_whenAnElementIsNotFinite() {
        #expect(throws: LinearAlgebraError.notFinite(operation: "eigendecomposition", row: 1)) {
            try Matrix([[1, 0], [.nan, 1]]).symmetricEigen()
        }
    }

    @Test func rows_areCentredAndNormalised() {
        var matrix = Matrix([[1, 5], [3, 1]])
        #expect(matrix.meanRow() == [2, 3])
        matrix.subtractFromRows(matrix.meanRow())
        #expect(matrix == Matrix([[-1, 2], [1, -2]]))
        var rows = Matrix([[3, 4], [0, 0]])
        rows.normalizeRows()
        #expect(rows == Matrix([[0.6, 0.8], [0, 0]]))
    }
}
