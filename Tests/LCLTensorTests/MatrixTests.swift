// SPDX-License-Identifier: Apache-2.0
import LCLTensor
import Testing

@Suite struct MatrixTests {
    private let counting = Matrix(rows: 3, columns: 4, (0..<12).map(Float.init))

    @Test func copy_staysAsItWas_whenTheOriginalIsWrittenTo() {
        var written = counting
        written[1, 2] = -1
        #expect(counting[1, 2] == 6 && written[1, 2] == -1 && written[2, 3] == 11)
    }

    @Test func view_staysAsItWas_whenTheMatrixIsWrittenTo() {
        var matrix = counting
        let view = matrix.rows(1..<3).columns(1..<3)
        matrix[1, 1] = 100
        #expect(view == Matrix([[5, 6], [9, 10]]))
    }

    @Test func matrix_staysAsItWas_whenItsViewIsWrittenTo() {
        var view = counting.columns(2..<4)
        view[0, 0] = 100
        #expect(view == Matrix([[100, 3], [6, 7], [10, 11]]) && counting[0, 2] == 2)
    }

    @Test func transposed_swapsIndices_ofAView() {
        #expect(counting.columns(1..<3).transposed == Matrix([[1, 5, 9], [2, 6, 10]]))
    }

    @Test func gather_repeatsAndReordersRows() {
        #expect(counting.gather([2, 0, 2]) == Matrix([[8, 9, 10, 11], [0, 1, 2, 3], [8, 9, 10, 11]]))
    }

    @Test func elements_areRowByRow_ofAView() {
        #expect(counting.columns(1..<3).elements == [1, 2, 5, 6, 9, 10])
        #expect(counting.map { $0 * 2 }.row(1) == [8, 10, 12, 14])
    }

    /// Wide rows have room between them, which no operation may show.
    @Test func wideRows_areAsNarrowOnes() throws {
        let elements = (0..<3 * 256).map(Float.init), wide = Matrix(rows: 3, columns: 256, elements)
        #expect(wide.elements == elements && wide[2, 1] == 513)
        #expect(wide.transposed.transposed == wide && wide.transposed.row(1) == [1, 257, 513])
        #expect(wide.columns(255..<256).elements == [255, 511, 767])
        var diagonal = Matrix(rows: 256, columns: 256)
        for i in 0..<256 { diagonal[i, i] = Float(1 + i) }
        let values = try diagonal.symmetricEigen().values, gram = diagonal.gram().row(7), product = wide.timesTransposed(diagonal).row(1)
        for i in 0..<256 {
            #expect(abs(values[i] - Float(1 + i)) < 1e-3)
            #expect(gram[i] == (i == 7 ? 64 : 0))
            #expect(product[i] == wide[1, i] * Float(1 + i))
        }
    }

    @Test func emptyMatrix_hasNoElements() {
        #expect(Matrix([]).elements.isEmpty && Matrix(rows: 0, columns: 5).columnCount == 5)
    }
}
