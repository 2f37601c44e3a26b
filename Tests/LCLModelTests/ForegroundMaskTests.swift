// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor
import Testing

/// Goldens/mask.gguf, written by Tests/Reference/mask_goldens.py with NumPy and SciPy.
@Suite struct ForegroundMaskTests {
    private static let golden = Result { try GGUFFile(path: #require(Bundle.module.path(forResource: "mask", ofType: "gguf", inDirectory: "Goldens"))) }

    private static func mask() throws -> ForegroundMask {
        let file = try golden.get()
        func row(_ name: String) throws -> [Float] { try file.matrix(tensor: name).row(0) }
        return ForegroundMask(
            mean: try row("mean"), weights: try file.matrix(tensor: "weights"), bias: try row("bias"), sum: try row("sum"), offset: try row("offset")[0],
            provenance: ["one 1.0 ff", "two 2.0 ee"])
    }

    private static func picture(_ index: Int) -> [UInt8] {
        let size = SyntheticPictures.pixels.count / 3
        return Array(SyntheticPictures.pixels[index * size..<(index + 1) * size])
    }

    @Test func shares_equalNumPy() throws {
        let file = try Self.golden.get(), maps = try file.matrix(tensor: "maps"), expected = try file.matrix(tensor: "golden.shares"), mask = try Self.mask()
        for index in 0..<3 {
            let found = mask.shares(maps.rows(index * ForegroundMask.cells..<(index + 1) * ForegroundMask.cells))
            #expect(zip(found, expected.row(index)).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }

    @Test func parts_equalSciPy_toOneLevel() throws {
        let file = try Self.golden.get(), boxes = try file.matrix(tensor: "boxes"), expected = try file.matrix(tensor: "golden.parts")
        for index in 0..<3 {
            let box = boxes.row(index).map { Int($0) }, foreground = Foreground(doubt: 0, x: box[0], y: box[1], side: box[2], shares: [])
            let part = enlarged(Self.picture(index), foreground)
            // Every seventh row.
            let rows = stride(from: 0, to: 224, by: 7).flatMap { part[$0 * 672..<($0 + 1) * 672] }
            #expect(zip(rows, expected.row(index)).allSatisfy { abs(Float($0) - $1) <= 1 })
        }
    }

    private func enlarged(_ pixels: [UInt8], _ foreground: Foreground) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: pixels.count) { part, count in
            pixels.withUnsafeBufferPointer { foreground.enlarge($0, into: UnsafeMutableBufferPointer(rebasing: part[..<pixels.count])) }
            count = pixels.count
        }
    }

    /// 14 x 14 cells of 0.1 with a block of 0.9.
    private func shares(rows: Range<Int>, columns: Range<Int>) -> [Float] {
        (0..<ForegroundMask.cells).map { rows.contains($0 / 14) && columns.contains($0 % 14) ? 0.9 : 0.1 }
    }

    @Test func square_liesAroundTheCells_andInsideThePicture() {
        let middle = Foreground(shares(rows: 4..<12, columns: 5..<8))
        #expect((middle.x, middle.y, middle.side) == (34, 58, 140))
        #expect(abs(middle.doubt - 0.1 * 196 / 24) < 1e-5)
        let corner = Foreground(shares(rows: 0..<2, columns: 12..<14))
        #expect((corner.x, corner.y, corner.side) == (128, 0, 96))
        let all = Foreground(shares(rows: 0..<14, columns: 0..<14))
        #expect((all.x, all.y, all.side) == (0, 0, 224) && all.doubt < Foreground.sure)
    }

    @Test func mask_isAsUnsureAsCanBe_whereItShowsNextToNothing() {
        let nothing = Foreground(shares(rows: 3..<4, columns: 3..<5))
        #expect((nothing.x, nothing.y, nothing.side, nothing.doubt) == (0, 0, 224, Foreground.most))
    }

    /// A mask that shows everything, so that nothing is enlarged and all positions weigh alike.
    private static let all = ForegroundMask(
        mean: [Float](repeating: 0, count: ForegroundMask.channels), weights: Matrix(rows: ForegroundMask.hidden, columns: 9 * ForegroundMask.channels),
        bias: [Float](repeating: 1, count: ForegroundMask.hidden), sum: [Float](repeating: 1, count: ForegroundMask.hidden), offset: 0)

    @Test func closerTap_isThatOfTheWhole_whereTheMaskShowsEverything() throws {
        let network = EfficientNetLite0(try VisionEncoderTests.network.get(), mask: Self.all)
        let encoder = VisionEncoder(network: network, taps: ["closer.d11.max", "d11.max", "doubt", "closer.b3.mean", "b3.mean"].compactMap(Tap.init))
        let features = SyntheticPictures.pixels.withUnsafeBufferPointer { encoder.features($0, count: 3) }
        func part(_ index: Int, of row: Int) -> [Float] { Array(features.row(row)[encoder.columns[index]]) }
        for row in 0..<3 {
            #expect(part(2, of: row)[0] < 1e-6)
            #expect(zip(part(0, of: row), part(1, of: row)).allSatisfy { abs($0 - $1) < 1e-4 })
            // A mean divides by a little more than the weights.
            #expect(zip(part(3, of: row), part(4, of: row)).allSatisfy { abs($0 - $1) < 1e-4 * (1 + abs($1)) })
        }
    }

    @Test func weights_areTheMeansOfTheSquaresCells() {
        let shares = (0..<ForegroundMask.cells).map { Float($0 % 14) }
        // The whole: pairs of columns; the points at the border repeat the last cell.
        let whole = Foreground(doubt: 0, x: 0, y: 0, side: 224, shares: shares).weights(side: 7)
        for column in 1..<6 { #expect(abs(whole[7 + column] - (Float(2 * column) + 0.5)) < 1e-4) }
        // Four cells a column of 14 positions: each position lies in the middle of its seventh.
        let part = Foreground(doubt: 0, x: 64, y: 32, side: 64, shares: shares).weights(side: 14)
        for column in 0..<14 { #expect(abs(part[column] - (3.5 + (Float(column) + 0.5) * 4 / 14)) < 1e-4) }
    }

    @Test func features_areTheSameBits_whateverTheBatch() throws {
        let network = EfficientNetLite0(try VisionEncoderTests.network.get(), mask: try Self.mask())
        let encoder = VisionEncoder(network: network, taps: ["closer.d11.max", "doubt"].compactMap(Tap.init))
        let together = SyntheticPictures.pixels.withUnsafeBufferPointer { encoder.features($0, count: 3) }
        for index in [2, 0, 1] {
            #expect(Self.picture(index).withUnsafeBufferPointer { encoder.features($0, count: 1) } == together.rows(index..<index + 1))
        }
    }

    @Test func file_comesBackAsItWas() throws {
        let mask = try Self.mask(), back = try ForegroundMask(gguf: GGUFFile(copying: mask.encoded(), path: "mask.gguf"))
        #expect(back.encoded() == mask.encoded() && back.provenance == ["one 1.0 ff", "two 2.0 ee"] && back.weights == mask.weights)
    }

    @Test(arguments: ["general.architecture", "lcl-mask.version", "mean", "weights", "sum", "nan"])
    func file_isRefused_whereSomethingIsWrong(_ what: String) throws {
        let good = try GGUFFile(copying: Self.mask().encoded(), path: "mask.gguf")
        var writer = GGUFWriter(architecture: what == "general.architecture" ? "lcl-link" : ForegroundMask.architecture)
        for (key, value) in good.metadata where key != "general.architecture" && key != what { writer.set(key, value) }
        if what == "lcl-mask.version" { writer.set(what, .uint32(7)) }
        for tensor in good.tensors {
            var values = try good.floats(tensor: tensor.name, shape: tensor.shape), shape = tensor.shape
            if tensor.name == what { (values, shape) = (Array(values.prefix(8)), [8]) }
            if what == "nan", tensor.name == "weights" { values[77] = .nan }
            writer.add(tensor: tensor.name, shape: shape, values: values, as: .f32)
        }
        #expect(throws: ModelError.self) { try ForegroundMask(gguf: GGUFFile(copying: writer.encoded(), path: "mask.gguf")) }
    }
}
