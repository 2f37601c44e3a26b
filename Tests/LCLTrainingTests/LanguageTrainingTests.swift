// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor
import LCLTraining
import Testing

/// Goldens/language-training.gguf, written by Tests/Reference/language_training_goldens.py with PyTorch.
enum LanguageTrainingGolden {
    static let file: GGUFShards = {
        let url = Bundle.module.url(forResource: "language-training", withExtension: "gguf", subdirectory: "Goldens")!
        return try! GGUFShards(path: url.path)
    }()

    static func tensor(_ name: String) throws -> Matrix { try file.first.matrix(tensor: name) }

    static func student() throws -> LanguageStudent { LanguageStudent(try LanguageMatrices(file)) }

    /// As `SEQUENCES` of the script: a negative token is a picture.
    static let sequences = [
        sequence(
            [1, -1, 7, 9, 4, -3, 8, 4, -2, 7, 9, 4, -4, 8, 4], [(8, [7, 8], 0), (12, [7, 8], 1)], [(12, 8, 1), (13, 4, 1)]),
        sequence([1, -5, 20, 21, 4, -6, 20, 22], [(6, [21, 22, 23], 1)], [(5, 20, 0.5), (6, 22, 0.5)]),
    ]

    private static func sequence(
        _ tokens: [Int], _ questions: [(Int, [Int], Int)], _ answers: [(Int, Int, Float)]
    ) -> LanguageSequence {
        var sequence = LanguageSequence()
        for token in tokens {
            if token < 0 { sequence.append(picture: -1 - token) } else { sequence.append(tokens: [token]) }
        }
        sequence.questions = questions.map { .init(position: $0.0, candidates: $0.1, truth: $0.2, isQuery: $0.0 == questions.last!.0) }
        sequence.answers = answers.map { .init(position: $0.0, token: $0.1, weight: $0.2) }
        return sequence
    }

    /// - Parameter suffix: `.gradient` for the expected slopes.
    static func parameters(_ suffix: String = "") throws -> AdapterParameters {
        func projector(_ name: String) throws -> Matrix { try tensor("projector.\(name)\(suffix)") }
        return AdapterParameters(
            projector: PictureProjector(
                weights: try projector("weights"), bias: try projector("bias"), gain: try projector("gain"), shift: try projector("shift"), scale: 0.4),
            blocks: try (0..<2).map { block in
                try ["attn_q", "attn_k", "attn_v", "attn_output"].map { name in
                    LowRank(down: try tensor("\(block).\(name).a\(suffix)"), up: try tensor("\(block).\(name).b\(suffix)"))
                }
            })
    }

    static func outcome(_ sequences: [LanguageSequence], _ parameters: AdapterParameters) throws -> LanguageStudent.Outcome {
        try student().outcome(sequences, pictures: tensor("pictures"), parameters, counts: LanguageCounts(sequences))
    }
}

private typealias Golden = LanguageTrainingGolden

/// Largest difference.
private func distance(_ a: Matrix, _ b: Matrix) -> Float {
    a.rowCount == b.rowCount && a.columnCount == b.columnCount
        ? zip(a.elements, b.elements).reduce(0) { max($0, abs($1.0 - $1.1)) } : .infinity
}

struct LanguageTrainingTests {
    @Test func loss_isThatOfPyTorch() throws {
        let outcome = try Golden.outcome(Golden.sequences, Golden.parameters()), expected = try Golden.tensor("loss").row(0)
        #expect(abs(outcome.questionLoss - Double(expected[0])) < 1e-4)
        #expect(abs(outcome.answerLoss - Double(expected[1])) < 1e-4)
        #expect(outcome.asked == 2)
    }

    @Test func gradient_isThatOfPyTorch() throws {
        let found = try #require(Golden.outcome(Golden.sequences, Golden.parameters()).gradient).tensors
        let expected = try Golden.parameters(".gradient").tensors
        #expect(found.count == expected.count)
        for (index, pair) in zip(found, expected).enumerated() {
            let size = pair.1.elements.reduce(0) { max($0, abs($1)) }
            #expect(size > 1e-4, "tensor \(index) has a gradient to compare")
            #expect(distance(pair.0, pair.1) < 1e-3 * max(size, 0.1), "tensor \(index)")
        }
    }

    /// Along the gradient itself, tensor by tensor, so far that the loss moves by about 0.04.
    @Test func gradient_isTheSlopeOfTheLoss() throws {
        let parameters = try Golden.parameters()
        let gradient = try #require(Golden.outcome(Golden.sequences, parameters).gradient).tensors
        for (index, slope) in gradient.enumerated() {
            let length = slope.elements.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot(), step = 0.02 / length
            func loss(_ sign: Float) throws -> Double {
                var moved = parameters, tensor = moved.tensors[index]
                for row in 0..<tensor.rowCount {
                    for column in 0..<tensor.columnCount { tensor[row, column] += sign * Float(step / length) * slope[row, column] }
                }
                moved.tensors[index] = tensor
                return try Golden.outcome(Golden.sequences, moved).loss
            }
            let found = try (loss(1) - loss(-1)) / (2 * step)
            #expect(abs(found - length) < 0.02 * length + 2e-4, "tensor \(index): \(found) and \(length)")
        }
    }

    @Test func blend_isSeenAsThePictureBetweenBoth_asLongAsTheFirst() throws {
        let pictures = try Golden.tensor("pictures"), (a, b) = (pictures.row(0), pictures.row(5)), sum = zip(a, b).map { $0 + $1 }
        let length = { (row: [Float]) in row.reduce(0) { $0 + $1 * $1 }.squareRoot() }, scale = length(a) / length(sum)
        let table = Matrix((0..<pictures.rowCount).map { pictures.row($0) } + [sum.map { $0 * scale }])
        var blended = Golden.sequences[0], drawn = blended
        blended.pictures[0].blend = 5
        drawn.pictures[0].row = 6
        func loss(_ sequence: LanguageSequence) throws -> Double {
            try Golden.student().outcome([sequence], pictures: table, Golden.parameters(), counts: LanguageCounts([sequence])).loss
        }
        let (found, expected) = (try loss(blended), try loss(drawn))
        #expect(abs(found - expected) < 1e-5, "\(found) and \(expected)")
        #expect(abs(try loss(blended) - loss(Golden.sequences[0])) > 1e-3)
    }

    @Test func outcomes_addUp_whenTheStepIsRunInParts() throws {
        let parameters = try Golden.parameters(), counts = LanguageCounts(Golden.sequences), student = try Golden.student()
        let whole = try Golden.outcome(Golden.sequences, parameters)
        let parts = try Golden.sequences.map { student.outcome([$0], pictures: try Golden.tensor("pictures"), parameters, counts: counts) }
        #expect(abs(parts.reduce(0) { $0 + $1.loss } - whole.loss) < 1e-5)
        var sum = try #require(parts[0].gradient)
        sum.add(try #require(parts[1].gradient))
        for (a, b) in zip(sum.tensors, try #require(whole.gradient).tensors) { #expect(distance(a, b) < 1e-4 * max(10, b.elements.map(abs).max()!)) }
    }
}

/// Each module's way back against the slope of a random weighing of its outputs.
struct LanguageModuleTests {
    private var random = SeededRandom(seed: 7)

    private mutating func matrix(_ rows: Int, _ columns: Int) -> Matrix {
        Matrix(rows: rows, columns: columns, (0..<rows * columns).map { _ in Float(random.below(2001)) / 1000 - 1 })
    }

    /// Whether `gradient` is the slope of the sum of `forward(x) * weights` by x.
    private func check(_ gradient: Matrix, _ x: Matrix, _ weights: Matrix, forward: (Matrix) -> Matrix) {
        func value(_ x: Matrix) -> Double { zip(forward(x).elements, weights.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
        for row in 0..<x.rowCount {
            for column in 0..<x.columnCount {
                var up = x, down = x
                up[row, column] += 0.01
                down[row, column] -= 0.01
                #expect(abs((value(up) - value(down)) / 0.02 - Double(gradient[row, column])) < 5e-3, "[\(row), \(column)]")
            }
        }
    }

    @Test mutating func rootMeanSquareNorm_goesBack() {
        let x = matrix(3, 16), weights = matrix(3, 16), norm = RootMeanSquareNorm(weight: matrix(1, 16).row(0), epsilon: 1e-5)
        check(norm.backward(weights, x: x), x, weights) { norm($0) }
    }

    @Test mutating func standardRows_goBack() {
        let x = matrix(3, 16), weights = matrix(3, 16)
        check(StandardRows(x).backward(weights), x, weights) { StandardRows($0).rows }
    }

    @Test mutating func gatedUnit_goesBack() {
        let gate = matrix(2, 16), up = matrix(2, 16), weights = matrix(2, 16)
        let slopes = GatedUnit.backward(weights, gate: gate, up: up)
        check(slopes.gate, gate, weights) { GatedUnit.forward(gate: $0, up: up) }
        check(slopes.up, up, weights) { GatedUnit.forward(gate: gate, up: $0) }
    }

    @Test mutating func attention_goesBack_inEachSequence() {
        let query = matrix(7, 32), key = matrix(7, 16), value = matrix(7, 16), weights = matrix(7, 32), sequences = [0..<4, 4..<7]
        let attention = CausalAttention(heads: AttentionHeads(queryHeads: 4, memoryHeads: 2, size: 8))
        func run(_ q: Matrix, _ k: Matrix, _ v: Matrix) -> Matrix { attention(query: q, key: k, value: v, sequences: sequences).0 }
        let slopes = attention.backward(weights, attention(query: query, key: key, value: value, sequences: sequences).1, sequences: sequences)
        check(slopes.query, query, weights) { run($0, key, value) }
        check(slopes.key, key, weights) { run(query, $0, value) }
        check(slopes.value, value, weights) { run(query, key, $0) }
    }

    @Test mutating func projector_goesBack_toAllItsParts() {
        let features = matrix(4, 5), weights = matrix(4, 16)
        let projector = PictureProjector(weights: matrix(16, 5), bias: matrix(1, 16), gain: matrix(1, 16), shift: matrix(1, 16), scale: 0.7)
        let slope = projector.backward(weights, projector(features).1)
        for part in [\PictureProjector.weights, \.bias, \.gain, \.shift] {
            check(slope[keyPath: part], projector[keyPath: part], weights) { moved in
                var other = projector
                other[keyPath: part] = moved
                return other(features).0
            }
        }
    }
}
