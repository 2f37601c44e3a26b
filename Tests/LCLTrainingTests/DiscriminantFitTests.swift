// SPDX-License-Identifier: Apache-2.0
import LCLTensor
import LCLTraining
import Testing

/// Points of `classes` classes that differ in the first `telling` columns, and by far more inside each class in the last.
private func points(classes: Int, each: Int) -> (Matrix, [Range<Int>]) {
    var state: UInt64 = 1
    func noise() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(state >> 40) / Float(1 << 23) - 1
    }
    let centres = (0..<classes).map { _ in (0..<6).map { $0 < 2 ? noise() : 0 } }
    let rows = centres.flatMap { centre in
        (0..<each).map { _ in centre.enumerated().map { $1 + noise() * ($0 == 5 ? 3 : 0.1) } }
    }
    return (Matrix(rows), (0..<classes).map { $0 * each..<($0 + 1) * each })
}

private func covariance(_ points: Matrix, _ groups: [Range<Int>]) -> Matrix {
    var sum = Matrix(rows: points.columnCount, columns: points.columnCount)
    for group in groups {
        var rows = points.rows(group)
        rows.subtractFromRows(rows.meanRow())
        let part = rows.gram()
        for i in 0..<sum.rowCount { for j in 0..<sum.rowCount { sum[i, j] += part[i, j] } }
    }
    return sum.map { $0 / Float(points.rowCount - groups.count) }
}

@Test func map_whitensTheWithinClassCovariance_withoutShrinkage() throws {
    let (points, groups) = points(classes: 40, each: 8)
    var fit = DiscriminantFit()
    fit.shrinkage = 0
    fit.outputs = nil
    let whitened = covariance(points.timesTransposed(try fit.map(points, groups: groups)), groups)
    for i in 0..<6 { for j in 0..<6 { #expect(abs(whitened[i, j] - (i == j ? 1 : 0)) < 1e-3) } }
}

@Test func map_isTheInverseOfTheShrunkCovariance() throws {
    let (points, groups) = points(classes: 40, each: 8)
    var fit = DiscriminantFit()
    fit.outputs = nil
    let map = try fit.map(points, groups: groups)
    let within = covariance(points, groups)
    let average = (0..<6).map { within[$0, $0] }.reduce(0, +) / 6
    var shrunk = within.map { $0 * 0.7 }
    for i in 0..<6 { shrunk[i, i] += 0.3 * average }
    let identity = map.gram() * shrunk
    for i in 0..<6 { for j in 0..<6 { #expect(abs(identity[i, j] - (i == j ? 1 : 0)) < 1e-3) } }
}

@Test func map_keepsTheDirectionsThatTellClassesApart() throws {
    let (points, groups) = points(classes: 40, each: 8)
    var fit = DiscriminantFit()
    fit.outputs = 2
    let map = try fit.map(points, groups: groups)
    #expect(map.rowCount == 2 && map.columnCount == 6)
    // Whatever tells classes apart lies in the first two columns: a picture's place there decides its place in the space.
    let inside = (0..<2).map { row in (0..<2).map { map[row, $0] * map[row, $0] }.reduce(0, +) }.reduce(0, +)
    let outside = (0..<2).map { row in (2..<6).map { map[row, $0] * map[row, $0] }.reduce(0, +) }.reduce(0, +)
    #expect(inside > 20 * outside)
}
