// SPDX-License-Identifier: Apache-2.0

/// Whatever answers episodes: a feature space, or a language model.
package protocol EpisodeMethod {
    func answer(_ episode: Episode) throws -> Trial
}

extension EpisodeMethod {
    /// Of the same episodes, one figure for each share of flipped supports that is a whole number of pictures.
    /// - Parameter plain: the answers with none flipped.
    func flips(_ episodes: [Episode], plain: [Trial], source: String, shots: Int) throws -> [EvaluationReport.Flips] {
        try EvaluationReport.flippedShares.filter { ($0 * Double(shots)).rounded() == $0 * Double(shots) }.map { share in
            let trials = share == 0 ? plain : try episodes.map { try answer($0.flipped(Int(share * Double(shots)))) }, hits = trials.flatMap(\.hits)
            let (mean, half) = interval95(hits.map { $0 ? 100 : 0 })
            return EvaluationReport.Flips(source: source, shots: shots, flipped: share * 100, accuracy: mean, interval: half)
        }
    }

    /// - Parameter plain: the answers in the episodes' own order.
    func order(_ episodes: [Episode], plain: [Trial], source: String, shots: Int) throws -> EvaluationReport.Order {
        let pairs = try zip(episodes, plain).flatMap { zip($1.hits, try answer($0.reversed).hits) }
        let changed = pairs.count { $0 != $1 }
        return EvaluationReport.Order(source: source, shots: shots, changed: 100 * Double(changed) / Double(max(1, pairs.count)))
    }
}

extension Stage: EpisodeMethod {
    package func answer(_ episode: Episode) throws -> Trial { try run(episode) }
}
