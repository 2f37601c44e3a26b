// SPDX-License-Identifier: Apache-2.0
import LCLLink


/// Draws the lessons of a strategy. A lesson depends on seed, epoch and its number alone, so training resumes anywhere.
public struct LessonSampler: Sendable {
    /// How lessons are to be.
    public struct Shape: Equatable, Sendable {
        public var ways = 2
        /// Queries of an episode, each from any of its classes; pictures of an original lesson.
        public var queries = 1

        public init(ways: Int = 2, queries: Int = 1) {
            self.ways = ways
            self.queries = queries
        }
    }

    public let neighbours: ClassNeighbours
    public let phases: [LinkStrategy.Phase]
    public let shape: Shape
    private let shots: [WeightedChoice]

    /// - Throws: ``TrainingError/tooFew(what:found:needed:)`` where there are fewer classes than ways.
    public init(_ neighbours: ClassNeighbours, phases: [LinkStrategy.Phase], shape: Shape = Shape()) throws(TrainingError) {
        precondition(shape.ways >= 2 && shape.queries >= 1, "an episode has two classes and a query")
        let found = (neighbours.ranked.first?.count ?? 0) + 1
        guard found >= shape.ways else { throw .tooFew(what: "classes for an episode", found: found, needed: shape.ways) }
        self.neighbours = neighbours
        self.phases = phases
        self.shape = shape
        shots = phases.map(\.shots.distribution)
    }

    /// Epochs of all phases.
    public var epochs: Int { phases.reduce(0) { $0 + $1.epochs } }

    /// Lessons of an epoch: every class is the positive one once on average.
    public var lessonsPerEpoch: Int { neighbours.classes.count }

    public func lesson(epoch: Int, number: Int, seed: UInt64) -> Lesson {
        var random = SeededRandom(seed: seed, epoch, number)
        let phase = phase(ofEpoch: epoch)
        if random.unit() < phases[phase].original { return .original(pictures(&random)) }
        return .link(episode(phases[phase], shots: shots[phase].draw(&random), &random))
    }

    private func phase(ofEpoch epoch: Int) -> Int {
        var end = 0
        for (index, phase) in phases.enumerated() {
            end += phase.epochs
            if epoch < end { return index }
        }
        preconditionFailure("epoch \(epoch) of \(end)")
    }

    private func pictures(_ random: inout SeededRandom) -> [LinkEpisode.Example] {
        (0..<shape.queries).map { _ in
            let index = random.below(neighbours.classes.count)
            let rows = neighbours.classes[index].rows
            return LinkEpisode.Example(row: rows[random.below(rows.count)], label: index)
        }
    }

    // MARK: - Episodes

    /// Where a class has too few pictures, it gives fewer supports, and then fewer queries, but at least one of each.
    private func episode(_ phase: LinkStrategy.Phase, shots: Int, _ random: inout SeededRandom) -> LinkEpisode {
        let classes = chosen(among: phase.neighbours, &random)
        var asked = [Int](repeating: 0, count: classes.count)
        for _ in 0..<shape.queries { asked[random.below(classes.count)] += 1 }
        var episode = LinkEpisode(labels: labels(of: classes, &random), classes: classes, supports: [], queries: [])
        for (label, index) in classes.enumerated() {
            let rows = neighbours.classes[index].rows
            let supports = min(shots, rows.count - min(1, asked[label]))
            let queries = min(asked[label], rows.count - supports)
            let drawn = random.sample(supports + queries, of: rows).map { LinkEpisode.Example(row: $0, label: label) }
            episode.supports += drawn.prefix(supports)
            episode.queries += drawn.dropFirst(supports)
        }
        episode.supports = random.sample(episode.supports.count, of: episode.supports)
        return episode
    }

    /// The positive class, uniform, and different neighbours of it by rank.
    private func chosen(among farthest: Int, _ random: inout SeededRandom) -> [Int] {
        let positive = random.below(neighbours.classes.count)
        var left = Array(neighbours.ranked[positive].prefix(max(farthest, shape.ways - 1)))
        var weights = NeighbourRank.distribution(neighbours: left.count, farthest: max(farthest, left.count)).probabilities
        var chosen = [positive]
        while chosen.count < shape.ways {
            let rank = WeightedChoice(weights: weights).draw(&random)
            chosen.append(left.remove(at: rank))
            weights.remove(at: rank)
        }
        return chosen
    }

    private func labels(of classes: [Int], _ random: inout SeededRandom) -> [String] {
        let others = classes.dropFirst().map { neighbours.classes[$0] }
        let isAmbiguous = Set(others.map(\.name)).count < others.count
        let names = others.map { isAmbiguous ? "\($0.source)/\($0.name)" : $0.name }
        var invented = ""
        repeat {
            invented = String((0..<6).map { _ in Self.letters[random.below(Self.letters.count)] })
        } while names.contains(invented)
        return [invented] + names
    }

    private static let letters = Array("abcdefghijklmnopqrstuvwxyz")
}
