// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor
import LCLTraining
import Testing

/// Goldens/metric.gguf, written by Tests/Reference/metric_goldens.py with PyTorch.
private let golden: GGUFFile = {
    let url = Bundle.module.url(forResource: "metric", withExtension: "gguf", subdirectory: "Goldens")!
    return try! GGUFFile(path: url.path)
}()

private func tensor(_ name: String) throws -> Matrix { try golden.matrix(tensor: name) }

private func episode(_ supports: [[Int]], _ queries: [(Int, Int)]) -> Lesson {
    .link(
        LinkEpisode(
            labels: supports.indices.map { "\($0)" }, classes: Array(supports.indices),
            supports: supports.enumerated().flatMap { label, rows in rows.map { LinkEpisode.Example(row: $0, label: label) } },
            queries: queries.map { LinkEpisode.Example(row: $0.0, label: $0.1) }))
}

private let lessons = [
    episode([[0, 1, 2], [3, 4]], [(5, 0), (6, 1), (7, 1)]),
    .original([(14, 3), (5, 0), (15, 1)].map { LinkEpisode.Example(row: $0.0, label: $0.1) }),
    episode([[2, 8], [9], [10, 11, 12]], [(13, 2), (0, 0)]),
]

private func parameters() throws -> MetricParameters {
    var parameters = MetricParameters(widths: [5, 7], temperature: 1, classVectors: [try tensor("vectors.0"), try tensor("vectors.1")])
    parameters.maps = [try tensor("map.0"), try tensor("map.1")]
    parameters.temperatures = try tensor("temperatures")
    return parameters
}

private func evaluate(_ lessons: [Lesson], _ parameters: MetricParameters) throws -> MetricLoss {
    let batch = MetricBatch(lessons)
    return MetricLoss(batch, inputs: try [0, 1].map { try tensor("inputs.\($0)").gather(batch.rows) }, parameters: parameters)
}

/// Largest difference.
private func distance(_ a: Matrix, _ b: Matrix) -> Float {
    a.rowCount == b.rowCount && a.columnCount == b.columnCount
        ? zip(a.elements, b.elements).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
}

@Test func loss_isThatOfPyTorch() throws {
    let outcome = try evaluate(lessons, parameters())
    #expect(abs(outcome.loss - Double(try tensor("loss")[0, 0])) < 1e-5)
}

@Test func gradient_isThatOfPyTorch() throws {
    let gradient = try evaluate(lessons, parameters()).gradient
    #expect(distance(gradient.temperatures, try tensor("temperatures.gradient")) < 1e-5)
    for tap in [0, 1] {
        #expect(distance(gradient.maps[tap], try tensor("map.\(tap).gradient")) < 1e-5)
        #expect(distance(gradient.classVectors[tap], try tensor("vectors.\(tap).gradient")) < 1e-5)
    }
}

@Test func gradient_isTheSlopeOfTheLoss() throws {
    let parameters = try parameters(), gradient = try evaluate(lessons, parameters).gradient.tensors, step: Float = 1e-2
    for index in gradient.indices {
        var largest: Float = 0
        for row in 0..<gradient[index].rowCount {
            for column in 0..<gradient[index].columnCount {
                func loss(_ offset: Float) throws -> Double {
                    var moved = parameters
                    moved.tensors[index][row, column] += offset
                    return try evaluate(lessons, moved).loss
                }
                let slope = Float(try loss(step) - loss(-step)) / (2 * step)
                largest = max(largest, abs(slope - gradient[index][row, column]))
            }
        }
        #expect(largest < 3e-4, "tensor \(index)")
        #expect(gradient[index].elements.contains { abs($0) > 3e-3 }, "the tolerance is far below the gradient")
    }
}

@Test func loss_isLogOfWays_whenPicturesAreAlike() throws {
    let batch = MetricBatch([episode([[0], [1], [2]], [(3, 1)])])
    let inputs = [Matrix([[Float]](repeating: [1, 0], count: 4))]
    let outcome = MetricLoss(batch, inputs: inputs, parameters: MetricParameters(widths: [2], temperature: 15))
    #expect(abs(outcome.loss - log(3)) < 1e-6)
    #expect(outcome.hits == 0, "a tie is no right answer")
}

@Test func gradient_isFinite_whenAPictureIsAllZero() throws {
    let batch = MetricBatch([episode([[0], [1]], [(2, 0)])])
    let outcome = MetricLoss(
        batch, inputs: [Matrix([[0, 0], [1, 0], [0, 0]])], parameters: MetricParameters(widths: [2], temperature: 15))
    #expect(outcome.gradient.tensors.allSatisfy { $0.elements.allSatisfy(\.isFinite) })
}

@Test func adamW_stepsLikePyTorch() throws {
    var tensors = [try tensor("adamw.0")], optimizer = AdamW(tensors)
    let pace = AdamW.Pace(rate: 0.01, decay: 0.1, anchor: Matrix(rows: 3, columns: 4))
    for step in 0..<3 {
        optimizer.update(&tensors, gradients: [try tensor("adamw.gradient.\(step)")], paces: [pace])
    }
    #expect(distance(tensors[0], try tensor("adamw.3")) < 1e-6)
    #expect(distance(tensors[0], try tensor("adamw.0")) > 0.01)
}
