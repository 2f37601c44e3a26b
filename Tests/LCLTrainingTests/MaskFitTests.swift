// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor
import LCLTraining
import Testing

struct MaskFitTests {
    /// Goldens/mask.gguf, written by Tests/Reference/mask_goldens.py: slopes by central differences in double precision.
    private let golden = Result { try GGUFFile(path: #require(Bundle.module.path(forResource: "mask", ofType: "gguf", inDirectory: "Goldens"))) }

    private func tensor(_ name: String) throws -> Matrix { try golden.get().matrix(tensor: name) }

    @Test func gradient_isTheSlopeOfTheLoss() throws {
        let maps = try tensor("maps"), mean = try tensor("mean").row(0), cells = ForegroundMask.cells
        let rows = Matrix(joining: (0..<3).map { ForegroundMask.surroundings(maps.rows($0 * cells..<($0 + 1) * cells), less: mean) })
        let parameters = MaskParameters(tensors: try ["weights", "bias", "sum", "offset"].map(tensor))
        let loss = MaskLoss(rows, shares: try tensor("shares").elements, parameters)
        #expect(abs(loss.value - Double(try tensor("golden.loss")[0, 0])) < 1e-5)
        let places = try tensor("places"), slopes = try tensor("golden.weights").row(0)
        for (index, slope) in slopes.enumerated() { #expect(abs(loss.gradient.tensors[0][Int(places[index, 0]), Int(places[index, 1])] - slope) < 1e-5) }
        for (index, name) in ["bias", "sum", "offset"].enumerated() {
            let slopes = try tensor("golden.\(name)").row(0)
            #expect(zip(loss.gradient.tensors[index + 1].row(0), slopes).allSatisfy { abs($0 - $1) < 1e-5 })
        }
    }

    /// Maps whose first channel says where the foreground is.
    private func examples() -> MaskExamples {
        var random = SeededRandom(seed: 5), maps: [Matrix] = [], shares: [[Float]] = []
        for _ in 0..<80 {
            let left = random.below(8), top = random.below(8)
            let inside = (0..<ForegroundMask.cells).map { (left..<left + 5).contains($0 % 14) && (top..<top + 5).contains($0 / 14) }
            shares.append(inside.map { $0 ? 1 : 0 })
            maps.append(Matrix(inside.map { inside in (0..<ForegroundMask.channels).map { ($0 == 0 && inside ? 3 : 0) + Float(random.below(1000)) / 1000 } }))
        }
        return MaskExamples(sources: (0..<80).map { $0 < 40 ? "a" : "b" }, maps: maps, shares: Matrix(shares))
    }

    @Test func fit_findsTheForeground_andIsTheSameBytesAgain() throws {
        let examples = examples()
        var fit = MaskFit()
        fit.epochs = 40
        let mask = try fit.fit(examples), found = mask.shares(examples.maps[0])
        let right = zip(found, examples.shares.row(0)).count { ($0 > 0.5) == ($1 > 0.5) }
        #expect(right > 190)
        #expect(try fit.fit(examples).encoded() == mask.encoded())
        #expect(try fit.fit(examples, without: "a").encoded() != mask.encoded())
    }

    @Test func fit_fails_whereTooFewAreLeft() throws {
        let all = examples()
        let few = MaskExamples(sources: (0..<80).map { $0 < 60 ? "a" : "b" }, maps: all.maps, shares: all.shares)
        #expect(throws: TrainingError.self) { try MaskFit().fit(few, without: "a") }
    }
}
