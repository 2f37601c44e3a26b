// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTensor

/// The mean cross-entropy of a batch under a metric, and its gradient by hand.
///
/// As ``LCLLink/NearestMean`` scores: each tap's picture is u = M x at length 1, a prototype the sum of its supports at length
/// 1, a logit temperature x the mean over taps of u . prototype. The original task scores against class vectors likewise.
package struct MetricLoss {
    /// Mean over all that was asked.
    package private(set) var loss = 0.0
    /// Of all that was asked, answered rightly.
    package private(set) var hits = 0
    package private(set) var gradient: MetricParameters

    /// - Parameter inputs: of each tap, the batch's pictures in the closed-form space: [rows x outputs].
    package init(_ batch: MetricBatch, inputs: [Matrix], parameters: MetricParameters) {
        gradient = parameters.zeros
        let pictures = zip(inputs, parameters.maps).map { UnitRows($0.timesTransposed($1)) }
        var byPicture = pictures.map { Matrix(rows: $0.units.rowCount, columns: $0.units.columnCount) }
        if !batch.questions.isEmpty { addEpisodes(batch, pictures, parameters, &byPicture) }
        if !batch.pictures.isEmpty { addOriginal(batch, pictures, parameters, &byPicture) }
        for tap in inputs.indices {
            gradient.maps[tap] = pictures[tap].backward(byPicture[tap]).transposedTimes(inputs[tap])
        }
    }

    // MARK: - Episodes

    private mutating func addEpisodes(
        _ batch: MetricBatch, _ pictures: [UnitRows], _ parameters: MetricParameters, _ byPicture: inout [Matrix]
    ) {
        let prototypes = pictures.map { UnitRows(Self.sums(of: batch.prototypes, $0.units)) }
        var byPrototype = prototypes.map { Matrix(rows: $0.units.rowCount, columns: $0.units.columnCount) }
        for question in batch.questions {
            let cosines = question.candidates.map { Self.cosine(pictures, question.slot, prototypes, $0) }
            let slopes = score(cosines, truth: question.truth, of: batch.count, parameters, task: 0)
            for tap in pictures.indices {
                for (prototype, slope) in zip(question.candidates, slopes) {
                    let share = slope / Float(pictures.count)
                    byPicture[tap].add(share, times: prototypes[tap].units, row: prototype, toRow: question.slot)
                    byPrototype[tap].add(share, times: pictures[tap].units, row: question.slot, toRow: prototype)
                }
            }
        }
        for tap in pictures.indices {
            let bySum = prototypes[tap].backward(byPrototype[tap])
            for (prototype, slots) in batch.prototypes.enumerated() {
                for slot in slots { byPicture[tap].add(1, times: bySum, row: prototype, toRow: slot) }
            }
        }
    }

    private static func sums(of groups: [[Int]], _ rows: Matrix) -> Matrix {
        var sums = Matrix(rows: groups.count, columns: rows.columnCount)
        for (group, slots) in groups.enumerated() {
            for slot in slots { sums.add(1, times: rows, row: slot, toRow: group) }
        }
        return sums
    }

    /// Mean over taps.
    private static func cosine(_ pictures: [UnitRows], _ slot: Int, _ prototypes: [UnitRows], _ prototype: Int) -> Float {
        let sum = zip(pictures, prototypes).reduce(Float(0)) { sum, tap in
            tap.0.units.withRow(slot) { a in
                tap.1.units.withRow(prototype) { b in sum + zip(a, b).reduce(Float(0)) { $0 + $1.0 * $1.1 } }
            }
        }
        return sum / Float(pictures.count)
    }

    // MARK: - The original task

    private mutating func addOriginal(
        _ batch: MetricBatch, _ pictures: [UnitRows], _ parameters: MetricParameters, _ byPicture: inout [Matrix]
    ) {
        let slots = batch.pictures.map(\.slot), vectors = parameters.classVectors.map { UnitRows($0) }
        let asked = pictures.map { $0.units.gather(slots) }
        let products = zip(asked, vectors).map { $0.timesTransposed($1.units) }
        var slopes = Matrix(rows: slots.count, columns: products[0].columnCount)
        for (row, picture) in batch.pictures.enumerated() {
            let taps = products.map { $0.row(row) }
            let cosines = taps[0].indices.map { label in taps.reduce(0) { $0 + $1[label] } / Float(taps.count) }
            let values = score(cosines, truth: picture.label, of: batch.count, parameters, task: 1)
            slopes.withMutableRow(row) { target in
                for (index, value) in values.enumerated() { target[index] = value / Float(taps.count) }
            }
        }
        for tap in pictures.indices {
            gradient.classVectors[tap] = vectors[tap].backward(slopes.transposedTimes(asked[tap]))
            let byAsked = slopes * vectors[tap].units
            for (row, slot) in slots.enumerated() { byPicture[tap].add(1, times: byAsked, row: row, toRow: slot) }
        }
    }

    // MARK: - Cross-entropy

    /// Counts one answer and returns the slope of the mean loss by each cosine.
    private mutating func score(
        _ cosines: [Float], truth: Int, of count: Int, _ parameters: MetricParameters, task: Int
    ) -> [Float] {
        let temperature = exp(Double(parameters.temperatures[0, task]))
        let logits = cosines.map { temperature * Double($0) }
        let best = logits.max()!
        let weights = logits.map { exp($0 - best) }
        let total = weights.reduce(0, +)
        loss += (best + log(total) - logits[truth]) / Double(count)
        if logits.indices.allSatisfy({ $0 == truth || logits[$0] < logits[truth] }) { hits += 1 }
        let slopes = weights.indices.map { (weights[$0] / total - ($0 == truth ? 1 : 0)) / Double(count) }
        gradient.temperatures[0, task] += Float(zip(slopes, logits).reduce(0) { $0 + $1.0 * $1.1 })
        return slopes.map { Float($0 * temperature) }
    }
}

extension Matrix {
    /// Adds `scale` times a row of `other` to a row of this one.
    fileprivate mutating func add(_ scale: Float, times other: Matrix, row: Int, toRow target: Int) {
        other.withRow(row) { source in
            withMutableRow(target) { values in
                for index in values.indices { values[index] += scale * source[index] }
            }
        }
    }
}
