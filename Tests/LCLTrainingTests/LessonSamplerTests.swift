// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLTensor
import LCLTraining
import Testing

private let table = SyntheticTable.make(pictures: [Int](repeating: 20, count: 120))
private let neighbours = try! ClassNeighbours(table, classes: table.classes)

private func sampler(_ strategy: LinkStrategy, epochs: Int = 2, ways: Int = 2, queries: Int = 1) throws -> LessonSampler {
    try LessonSampler(
        neighbours, phases: strategy.phases(epochs: epochs), shape: LessonSampler.Shape(ways: ways, queries: queries))
}

private func lessons(_ sampler: LessonSampler, epoch: Int = 0, count: Int = 6000, seed: UInt64 = 1) -> [Lesson] {
    (0..<count).map { sampler.lesson(epoch: epoch, number: $0, seed: seed) }
}

private func episodes(_ lessons: [Lesson]) -> [LinkEpisode] {
    lessons.compactMap { if case .link(let episode) = $0 { episode } else { nil } }
}

/// Pearson's statistic of draws against a distribution, over its degrees of freedom: near 1 where they agree. Outcomes
/// expected less than 5 times are taken together.
private func misfit(_ draws: [Int], _ expected: [Double]) -> Double {
    var observed = [Double](repeating: 0, count: expected.count)
    for draw in draws { observed[draw] += 1 }
    var sum = 0.0, cells = 0, rest = (observed: 0.0, expected: 0.0)
    for (count, probability) in zip(observed, expected) {
        let mean = probability * Double(draws.count)
        if mean < 5 {
            rest = (rest.observed + count, rest.expected + mean)
        } else {
            sum += (count - mean) * (count - mean) / mean
            cells += 1
        }
    }
    if rest.expected > 0 {
        sum += (rest.observed - rest.expected) * (rest.observed - rest.expected) / rest.expected
        cells += 1
    } else if rest.observed > 0 {
        return .infinity
    }
    return cells > 1 ? sum / Double(cells - 1) : sum
}

// MARK: - The distributions of the paper

@Test func neighbourRank_hasTheProbabilitiesOfThePaper() {
    let all = NeighbourRank.distribution(neighbours: 300).probabilities
    #expect(all.count == 100)
    #expect(abs(all[0] - 100 / 5050.0) < 1e-12 && abs(all[99] - 1 / 5050.0) < 1e-12)
    let few = NeighbourRank.distribution(neighbours: 3).probabilities
    #expect(zip(few, [100 / 297.0, 99 / 297.0, 98 / 297.0]).allSatisfy { abs($0 - $1) < 1e-12 })
}

@Test func shots_haveTheProbabilitiesOfThePaper() {
    #expect(Shots.full.distribution.probabilities.firstIndex(of: 1) == 16)
    let uniform = Shots.uniform.distribution.probabilities
    #expect(uniform[0] == 0 && uniform[1] == 0 && uniform[2...].allSatisfy { abs($0 - 1 / 15.0) < 1e-12 })
    let weighted = Shots.exponential.distribution.probabilities
    #expect(weighted.count == 17 && weighted[1] == 0)
    for j in 3...16 { #expect(abs(weighted[j] / weighted[j - 1] - exp(1)) < 1e-9) }
}

@Test func positive_isAnyClassAlike() throws {
    let drawn = episodes(lessons(try sampler(.twoWay))).map { $0.classes[0] }
    #expect((0.6...1.4).contains(misfit(drawn, [Double](repeating: 1 / 120.0, count: 120))))
}

@Test func negative_isANeighbourByItsRank() throws {
    let ranks = episodes(lessons(try sampler(.twoWay))).map { neighbours.ranked[$0.classes[0]].firstIndex(of: $0.classes[1])! }
    let expected = (1...100).map { Double(101 - $0) / 5050 }
    #expect((0.6...1.4).contains(misfit(ranks, expected)))
    #expect(misfit(ranks, [Double](repeating: 0.01, count: 100)) > 3, "the test tells another distribution apart")
}

@Test(arguments: [2, 5]) func negatives_areAmongTheNearest_forTheFewSupportsOfLanguageModels(ways: Int) throws {
    let drawn = episodes(lessons(try sampler(.few, ways: ways)))
    let ranks = drawn.flatMap { episode in episode.classes.dropFirst().map { neighbours.ranked[episode.classes[0]].firstIndex(of: $0)! } }
    #expect(Set(ranks) == Set(0..<20))
    if ways == 2 { #expect((0.5...1.6).contains(misfit(ranks, (0..<20).map { Double(20 - $0) / 210 }))) }
}

@Test(arguments: [(LinkStrategy.twoWay, Shots.full), (.twoWayRandom, .uniform), (.twoWayWeight, .exponential), (.mix, .full)])
func shots_followTheStrategy(strategy: LinkStrategy, shots: Shots) throws {
    let sampler = try sampler(strategy)
    let first = episodes(lessons(sampler, epoch: 0, count: 300)).map { $0.supports.count / 2 }
    #expect(first.allSatisfy { $0 == 16 })
    let last = episodes(lessons(sampler, epoch: sampler.epochs - 1)).map { $0.supports.count / 2 }
    #expect(misfit(last, shots.distribution.probabilities) < 2.2)
    let further = strategy == .twoWayRandom || strategy == .twoWayWeight ? 10 : 0
    #expect(sampler.epochs == 2 + further)
}

@Test func mix_hasEpisodesAndTheOriginalTaskInEqualParts() throws {
    let drawn = lessons(try sampler(.mix, queries: 3))
    let originals = drawn.compactMap { if case .original(let examples) = $0 { examples } else { nil } }
    #expect(abs(originals.count - drawn.count / 2) < 160)
    #expect(originals.allSatisfy { $0.count == 3 })
    #expect(originals.joined().allSatisfy { table.classes[$0.label].rows.contains($0.row) })
    #expect(misfit(originals.flatMap { $0.map(\.label) }, [Double](repeating: 1 / 120.0, count: 120)) < 1.4)
    for strategy in LinkStrategy.allCases where strategy != .mix {
        #expect(episodes(lessons(try sampler(strategy), count: 200)).count == 200)
    }
}

// MARK: - Episodes

@Test func query_isFromEitherClass_andSupportsAreShuffled() throws {
    let drawn = episodes(lessons(try sampler(.twoWay)))
    #expect(misfit(drawn.map { $0.queries[0].label }, [0.5, 0.5]) < 6)
    #expect(misfit(drawn.map { $0.supports[0].label }, [0.5, 0.5]) < 6)
    #expect(drawn.contains { $0.supports.map(\.label) != $0.supports.map(\.label).sorted() })
}

@Test(arguments: [2, 5])
func episode_holdsTogether(ways: Int) throws {
    for episode in episodes(lessons(try sampler(.twoWayRandom, ways: ways, queries: 6), epoch: 5, count: 500)) {
        #expect(Set(episode.classes).count == ways && episode.labels.count == ways)
        #expect(Set(episode.supports.map(\.row)).isDisjoint(with: episode.queries.map(\.row)))
        #expect(Set(episode.supports).count == episode.supports.count && Set(episode.queries).count == episode.queries.count)
        for example in episode.supports + episode.queries {
            #expect(table.classes[episode.classes[example.label]].rows.contains(example.row))
        }
        #expect(Array(episode.labels.dropFirst()) == episode.classes.dropFirst().map { table.classes[$0].name })
        #expect(!table.classes.map(\.name).contains(episode.labels[0]), "the positive class goes by an invented text")
        #expect(Set(episode.supportRows.map(\.count)).count == 1)
    }
}

@Test func positiveLabel_isAnotherTextInEachEpisode() throws {
    let texts = episodes(lessons(try sampler(.twoWay), count: 500)).map { $0.labels[0] }
    #expect(Set(texts).count == 500)
}

@Test func smallClass_givesWhatItHas() throws {
    let table = SyntheticTable.make(pictures: [2, 3, 20, 1])
    let neighbours = try ClassNeighbours(table, classes: table.classes)
    #expect(neighbours.classes.count == 3, "one picture is not enough")
    let sampler = try LessonSampler(
        neighbours, phases: LinkStrategy.twoWay.phases(epochs: 1), shape: LessonSampler.Shape(ways: 3, queries: 9))
    for episode in episodes(lessons(sampler, count: 300)) {
        for (label, index) in episode.classes.enumerated() {
            let supports = episode.supports.count { $0.label == label }, queries = episode.queries.count { $0.label == label }
            let pictures = neighbours.classes[index].rows.count
            #expect(supports >= 1 && supports + queries <= pictures)
            #expect(supports == min(16, pictures - (queries > 0 ? 1 : 0)) || queries == 0)
        }
    }
}

@Test func lessons_areTheSame_withTheSameSeedAlone() throws {
    let sampler = try sampler(.mix)
    #expect(lessons(sampler, count: 50) == lessons(sampler, count: 50))
    #expect(lessons(sampler, count: 50) != lessons(sampler, count: 50, seed: 2))
    #expect(lessons(sampler, epoch: 1, count: 50) != lessons(sampler, count: 50))
}

@Test func neighbours_goFromMostToLeastSimilar() throws {
    // Classes lie around an arc of a circle in their order, so the nearest of the first is the second, and so on.
    #expect(neighbours.ranked[0].prefix(3) == [1, 2, 3])
    #expect(Set(neighbours.ranked[60].prefix(4)) == [58, 59, 61, 62])
    #expect(neighbours.ranked.allSatisfy { $0.count == 100 })
}

@Test func sampler_refuses_moreWaysThanClasses() throws {
    #expect(throws: TrainingError.tooFew(what: "classes for an episode", found: 101, needed: 102)) {
        try sampler(.twoWay, ways: 102)
    }
    let one = SyntheticTable.make(pictures: [5, 1])
    #expect(throws: TrainingError.tooFew(what: "classes with two pictures", found: 1, needed: 2)) {
        try ClassNeighbours(one, classes: one.classes)
    }
}
