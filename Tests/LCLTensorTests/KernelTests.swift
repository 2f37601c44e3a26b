// SPDX-License-Identifier: Apache-2.0
import LCLTensor
import Testing

/// Our kernels against the obvious loops.
@Suite struct KernelTests {
    @Test(arguments: [Kernels.best, .avx2, .plain], [(1, 1), (8, 16), (24, 27), (17, 256), (40, 257), (31, 600), (1000, 20)])
    func linearLayer_equalsTheObviousSum(kernels: Kernels, shape: (outputs: Int, inputs: Int)) {
        var numbers = Numbers(seed: 5)
        let weights = numbers.matrix(shape.outputs, shape.inputs), bias = numbers.array(shape.outputs)
        let layer = LinearLayer(weights: weights, bias: bias)
        for rows in [1, 5, 6, 7, 13, 49] {
            let x = numbers.matrix(rows, shape.inputs + 3).columns(1..<shape.inputs + 1)
            var expected = Matrix(rows: rows, columns: shape.outputs)
            for i in 0..<rows {
                for j in 0..<shape.outputs {
                    expected[i, j] = Float((0..<shape.inputs).reduce(Double(bias[j])) { $0 + Double(x[i, $1]) * Double(weights[j, $1]) })
                }
            }
            #expect(distance(layer(x, on: kernels), expected) <= tolerance(terms: shape.inputs), "\(rows) rows")
        }
    }

    @Test func linearLayer_givesARowTheSameBits_whateverComesWithIt() {
        var numbers = Numbers(seed: 6)
        let layer = LinearLayer(weights: numbers.matrix(40, 600)), x = numbers.matrix(150, 600), all = layer(x)
        for row in [0, 3, 77, 149] { #expect(layer(x.rows(row..<row + 1)) == all.rows(row..<row + 1)) }
    }

    /// AVX-512, where there is any, adds in the same order: rows of a tile and of a remainder, every kind of panel, dense and in planes.
    @Test(arguments: [(16, 200), (32, 8), (40, 257), (56, 600), (64, 64), (144, 193)]) func best_equalsAVX2_toTheLastBit(outputs: Int, inputs: Int) {
        var numbers = Numbers(seed: 12)
        let layer = LinearLayer(weights: numbers.matrix(outputs, inputs), bias: numbers.array(outputs), relu6: outputs == 56)
        for rows in [1, 11, 12, 13, 25, 300] {
            let x = numbers.matrix(rows, inputs)
            #expect(layer(x) == layer(x, on: .avx2), "\(rows) rows")
        }
        guard inputs % 8 == 0 else { return }
        let input = TestPicture(width: 7, height: 5, channels: inputs, &numbers), residual = TestPicture(width: 7, height: 5, channels: outputs, &numbers)
        let a = TestPicture(width: 7, height: 5, channels: outputs, &numbers), b = TestPicture(width: 7, height: 5, channels: outputs, &numbers)
        layer.convolve(input.picture, rows: 0..<5, into: a.picture, at: 0, adding: residual.picture)
        layer.convolve(input.picture, rows: 0..<5, into: b.picture, at: 0, adding: residual.picture, on: .avx2)
        for y in 0..<5 { for x in 0..<7 { #expect((0..<outputs).allSatisfy { a[x, y, $0] == b[x, y, $0] }) } }
    }

    @Test func linearLayer_clipsToReLU6() {
        let layer = LinearLayer(weights: Matrix([[1], [1], [1]]), bias: [-10, 1, 10], relu6: true)
        #expect(layer(Matrix([[2]])) == Matrix([[0, 3, 6]]))
    }

    @Test(arguments: [Kernels.best, .plain])
    func convolution_placesAPart_withBorderAndResidual(kernels: Kernels) {
        var numbers = Numbers(seed: 7)
        let weights = numbers.matrix(40, 16), bias = numbers.array(40), layer = LinearLayer(weights: weights, bias: bias)
        let input = TestPicture(width: 5, height: 4, channels: 16, &numbers), residual = TestPicture(width: 5, height: 6, channels: 40, &numbers)
        let output = TestPicture(width: 5, height: 6, channels: 40, &numbers)
        layer.convolve(input.picture, rows: 1..<4, into: output.picture, at: 2, adding: residual.picture, on: kernels)
        for y in 0..<3 {
            for x in 0..<5 {
                for c in 0..<40 {
                    let sum = (0..<16).reduce(Double(bias[c])) { $0 + Double(weights[c, $1]) * Double(input[x, y + 1, $1]) }
                    #expect(abs(output[x, y + 2, c] - Float(sum) - residual[x, y + 2, c]) <= tolerance(terms: 17))
                }
            }
        }
    }

    @Test func convolution_leavesTheBorderAlone() {
        var numbers = Numbers(seed: 8)
        let layer = LinearLayer(weights: numbers.matrix(16, 8), bias: numbers.array(16))
        let input = TestPicture(width: 5, height: 3, channels: 8, &numbers)
        let output = TestPicture(width: 5, height: 3, channels: 16, border: .init(top: 1, bottom: 1, left: 2, right: 1), &numbers)
        output.picture.clear()
        layer.convolve(input.picture, rows: 0..<3, into: output.picture, at: 0)
        for x in [-2, -1, 5] { #expect((0..<16).allSatisfy { output[x, 1, $0] == 0 }) }
        for y in [-1, 3] { #expect((0..<16).allSatisfy { output[2, y, $0] == 0 }) }
        #expect(output[4, 2, 15] != 0)
    }

    @Test(arguments: [Kernels.best, .plain], [(3, 1), (3, 2), (5, 1), (5, 2)])
    func depthwise_equalsTheObviousSum(kernels: Kernels, shape: (kernel: Int, stride: Int)) {
        var numbers = Numbers(seed: 9)
        let k = shape.kernel, channels = 24
        let weights = numbers.array(k * k * channels), bias = numbers.array(channels)
        let layer = DepthwiseLayer(kernel: k, stride: shape.stride, channels: channels, weights: weights, bias: bias)
        for side in [2, 7, 15, 44] {
            let width = side * shape.stride, rows = layer.inputRows(for: 0..<3)
            let border = Picture.Border(left: layer.padding.before, right: layer.padding.after)
            // The layer's channels 8 to 23: a part.
            let input = TestPicture(width: width, height: rows.count, channels: 16, border: border, &numbers)
            input.clearBorder()
            let output = TestPicture(width: side, height: 3, channels: channels, &numbers)
            layer.convolve(input.picture, part: 8..<24, into: output.picture, on: kernels)
            for y in 0..<3 {
                for x in 0..<side {
                    for c in 8..<24 {
                        let sum = (0..<k * k).reduce(Double(bias[c])) { sum, tap in
                            let at = input[x * shape.stride + tap % k - layer.padding.before, y * shape.stride + tap / k, c - 8]
                            return sum + Double(weights[tap * channels + c]) * Double(at)
                        }
                        #expect(abs(output[x, y, c] - Float(min(max(sum, 0), 6))) <= tolerance(terms: k * k))
                    }
                }
            }
        }
    }

    @Test func patches_holdThreeRowsOfThreePixels() {
        let pixels = (0..<4 * 4 * 3).map { UInt8($0 * 5) }, patches = Patches(width: 4)
        // Each output is one of the 27 values of a patch.
        var identity = Matrix(rows: 32, columns: 27)
        for i in 0..<27 { identity[i, i] = 1 }
        let layer = LinearLayer(weights: identity)
        var numbers = Numbers(seed: 10)
        let output = TestPicture(width: 2, height: 2, channels: 32, &numbers)
        for row in 0..<2 {
            pixels.withUnsafeBufferPointer { patches.load($0, row: row) }
            layer.convolve(patches: patches, step: Patches.step, into: output.picture, at: row)
        }
        for i in 0..<2 * 2 * 27 {
            let (x, y) = (i / 27 % 2, i / 54), (column, row, colour) = (i % 27 / 9, i % 9 / 3, i % 3)
            let (px, py) = (2 * x + column, 2 * y + row)
            let expected = px < 4 && py < 4 ? (Float(pixels[(py * 4 + px) * 3 + colour]) - 127) / 128 : 0
            #expect(output[x, y, i % 27] == expected)
        }
    }

    @Test func pool_findsMaximumAndSum_ofSomeRows() {
        var numbers = Numbers(seed: 11)
        let picture = TestPicture(width: 3, height: 4, channels: 16, &numbers)
        var maximum = [Float](repeating: -.infinity, count: 16), sum = [Float](repeating: 0, count: 16)
        maximum.withUnsafeMutableBufferPointer { picture.picture.pool(.maximum, rows: 1..<3, into: $0) }
        sum.withUnsafeMutableBufferPointer { picture.picture.pool(.sum, rows: 1..<3, into: $0) }
        for c in 0..<16 {
            let values = (1..<3).flatMap { y in (0..<3).map { picture[$0, y, c] } }
            #expect(maximum[c] == values.max() && abs(sum[c] - values.reduce(0, +)) <= tolerance(terms: 6))
        }
    }

    @Test(arguments: [Kernels.best, .plain]) func halves_becomeFloats_exactly(kernels: Kernels) {
        let all = (0...UInt16.max).map(\.littleEndian)
        let floats = all.withUnsafeBytes { kernels.floats(half: $0, count: all.count) }
        for (half, float) in zip(all, floats) {
            let expected = Float(Float16(bitPattern: half))
            #expect(float == expected && float.sign == expected.sign || float.isNaN && expected.isNaN, "\(half)")
        }
    }
}
