// SPDX-License-Identifier: Apache-2.0
import Foundation

/// How training episodes are drawn: the strategies of Tai et al. (arXiv 2308.07891, section 3.3), under the paper's names.
public enum LinkStrategy: String, CaseIterable, Codable, Sendable {
    /// 16 supports of each class.
    case twoWay = "2way"
    /// As `2way`, then 10 more epochs with 2 to 16 supports, each number as likely.
    case twoWayRandom = "2way-random"
    /// As `2way`, then 10 more epochs with j in 2 to 16 supports, likely as e^j.
    case twoWayWeight = "2way-weight"
    /// Episodes of `2way` and the model's original task in equal parts.
    case mix
    /// Not in the paper: 1 to 8 supports, each number as likely, and negatives among the 20 nearest classes. For language models, whose every
    /// support costs time, and which learn to compare closely only where they must.
    case few = "2way-few"

    /// A stretch of training that draws its lessons alike.
    public struct Phase: Equatable, Sendable {
        public var epochs: Int
        public var shots: Shots
        /// Share of the lessons that are the original task, 0 to 1.
        public var original = 0.0
        /// How many of the most similar classes a class may be told from.
        public var neighbours = NeighbourRank.farthest
    }

    /// Epochs that follow the first phase of `2way-random` and `2way-weight`.
    public static let furtherEpochs = 10

    /// - Parameter epochs: of the first phase.
    public func phases(epochs: Int) -> [Phase] {
        let first = Phase(epochs: epochs, shots: .full)
        switch self {
        case .twoWay: return [first]
        case .twoWayRandom: return [first, Phase(epochs: Self.furtherEpochs, shots: .uniform)]
        case .twoWayWeight: return [first, Phase(epochs: Self.furtherEpochs, shots: .exponential)]
        case .few: return [Phase(epochs: epochs, shots: .few, neighbours: 20)]
        case .mix: return [Phase(epochs: epochs, shots: .full, original: 0.5)]
        }
    }
}

/// How many supports of each class an episode has; all its classes have the same number, as far as they have pictures.
public enum Shots: Equatable, Sendable {
    /// Always 16.
    case full
    /// 2 ... 16, each as likely.
    case uniform
    /// j in 2 ... 16 with p_j = e^j / (e^2 + ... + e^16).
    case exponential
    /// 1 ... 8, each as likely.
    case few

    public static let most = 16

    /// Of 0, 1, ... 16 supports.
    public var distribution: WeightedChoice {
        WeightedChoice(
            weights: (0...Self.most).map { shots in
                switch self {
                case .full: shots == Self.most ? 1 : 0
                case .uniform: shots < 2 ? 0 : 1
                case .few: (1...8).contains(shots) ? 1 : 0
                case .exponential: shots < 2 ? 0 : exp(Double(shots - Self.most))
                }
            })
    }
}

/// Which of its neighbours a class is told from: the j-th most similar of the first n = 100 with p_j = (n + 1 - j) / (1 + ... + n);
/// where a class has fewer, those, in the same proportions.
public enum NeighbourRank {
    public static let farthest = 100

    /// Of ranks 1, 2, ... as indices 0, 1, ...
    public static func distribution(neighbours: Int, farthest: Int = farthest) -> WeightedChoice {
        WeightedChoice(weights: (1...min(farthest, neighbours)).map { Double(farthest + 1 - $0) })
    }
}
