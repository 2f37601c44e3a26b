// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

/// A language model that is taught to see and to link: its frozen weights, forwards and back.
package struct LanguageStudent: Sendable {
    package let model: LanguageMatrices
    private let blocks: [LanguageBlock]

    /// - Parameter positions: of the longest sequence to come.
    package init(_ model: LanguageMatrices, positions: Int = 2048) {
        self.model = model
        let shape = model.configuration, turning = Turning(shape, positions: min(positions, shape.context))
        blocks = model.layers.map {
            LanguageBlock(weights: $0, epsilon: shape.epsilon, attention: CausalAttention(heads: shape.heads), turning: turning)
        }
    }

    /// Of some sequences: what they lose, and the slope of that by all that is learned.
    package struct Outcome {
        /// Shares of the step's mean cross-entropy at questions and at answers.
        package var questionLoss = 0.0, answerLoss = 0.0
        /// Questions of the queries, and those answered rightly.
        package var asked = 0, hits = 0
        /// `nil` where it was not asked for.
        package var gradient: AdapterParameters?

        package var loss: Double { questionLoss + answerLoss }
    }

    /// - Parameters:
    ///   - pictures: vectors of all pictures, `[rows of the table x features]`.
    ///   - counts: of the whole step.
    package func outcome(
        _ sequences: [LanguageSequence], pictures: Matrix, _ parameters: AdapterParameters, counts: LanguageCounts, gradient: Bool = true
    ) -> Outcome {
        let places = LanguagePlaces(lengths: sequences.map(\.tokens.count))
        let asked = Asked(sequences, places)
        let (seen, sight) = parameters.projector(Self.vectors(asked.pictures, pictures))
        var x = model.embedding.gather(sequences.flatMap(\.tokens))
        for (index, picture) in asked.pictures.enumerated() {
            seen.withRow(index) { from in x.withMutableRow(picture.position) { _ = $0.update(from: from) } }
        }
        var traces: [LanguageBlock.Trace] = []
        for (block, adapters) in zip(blocks, parameters.blocks) {
            let (y, trace) = block(x, adapters, places)
            if gradient { traces.append(trace) }
            x = y
        }
        let norm = RootMeanSquareNorm(weight: model.norm, epsilon: model.configuration.epsilon), outputs = x.gather(asked.rows)
        let loss = LanguageLoss(norm(outputs), questions: asked.questions, answers: asked.answers, head: model.head, counts: counts)
        let queries = zip(asked.questions, loss.hits).filter(\.0.isQuery)
        var outcome = Outcome(questionLoss: loss.questions, answerLoss: loss.answers, asked: queries.count, hits: queries.count(where: \.1))
        if gradient { outcome.gradient = backward(norm.backward(loss.slope, x: outputs), asked, traces, sight, parameters, places) }
        return outcome
    }

    /// A blend is as long as the picture itself. `[asked pictures x features]`
    private static func vectors(_ asked: [LanguageSequence.Picture], _ pictures: Matrix) -> Matrix {
        var vectors = pictures.gather(asked.map(\.row))
        for (index, picture) in asked.enumerated() {
            guard let blend = picture.blend else { continue }
            vectors.withMutableRow(index) { values in
                let length = dotProduct(UnsafeBufferPointer(values), UnsafeBufferPointer(values))
                pictures.withRow(blend) { other in for i in values.indices { values[i] += other[i] } }
                let sum = dotProduct(UnsafeBufferPointer(values), UnsafeBufferPointer(values)), scale = sum > 0 ? (length / sum).squareRoot() : 0
                for i in values.indices { values[i] *= scale }
            }
        }
        return vectors
    }

    private func backward(
        _ slope: Matrix, _ asked: Asked, _ traces: [LanguageBlock.Trace], _ sight: PictureProjector.Trace, _ parameters: AdapterParameters,
        _ places: LanguagePlaces
    ) -> AdapterParameters {
        var gradient = parameters.zeros, byHidden = Matrix(rows: places.positions.count, columns: slope.columnCount)
        for (index, row) in asked.rows.enumerated() { byHidden.add(slope.rows(index..<index + 1), row: row, column: 0) }
        for index in blocks.indices.reversed() {
            byHidden = blocks[index].backward(byHidden, traces[index], parameters.blocks[index], places, &gradient.blocks[index])
        }
        gradient.projector = parameters.projector.backward(byHidden.gather(asked.pictures.map(\.position)), sight)
        return gradient
    }

    /// What is asked of a batch, by its rows.
    private struct Asked {
        var pictures: [LanguageSequence.Picture] = []
        var questions: [LanguageSequence.Question] = []
        var answers: [LanguageSequence.Answer] = []
        var rows: [Int]

        init(_ sequences: [LanguageSequence], _ places: LanguagePlaces) {
            var answered: [Int] = []
            rows = []
            for (sequence, place) in zip(sequences, places.sequences) {
                pictures += sequence.pictures.map { .init(position: $0.position + place.lowerBound, row: $0.row, blend: $0.blend) }
                questions += sequence.questions
                rows += sequence.questions.map { $0.position + place.lowerBound }
                answers += sequence.answers
                answered += sequence.answers.map { $0.position + place.lowerBound }
            }
            rows += answered
        }
    }
}
