// SPDX-License-Identifier: Apache-2.0
import LCLLink
import LCLTensor
import LCLTraining
import Testing

/// 20 classes on a circle in the plane of the mining tap, class i next to classes i - 1 and i + 1; 3 to 10 pictures each.
private let table: FeatureTable = {
    var rows: [[Float]] = [], classes: [FeatureTable.Class] = []
    for index in 0..<20 {
        let angle = Float(index) / 20 * 6.2831853
        let count = index == 0 ? 3 : 6 + index % 5
        classes.append(FeatureTable.Class(source: "s", name: "\(index)", rows: Array(rows.count..<rows.count + count)))
        // A rational point of the circle, so that no mathematics library is needed.
        let t = (angle - 3.1415927) / 2
        rows += (0..<count).map { _ in [(1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)] }
    }
    return FeatureTable(
        taps: [EpisodeSampler.miningTap], widths: [2], features: Matrix(rows), classes: classes)
}()

private func classOf(_ row: Int) -> Int { table.classes.firstIndex { $0.rows.contains(row) }! }

private func episodes(_ shape: EpisodeSampler.Shape, count: Int = 200, seed: UInt64 = 1) -> [Episode] {
    let sampler = EpisodeSampler(table, classes: table.classes, mean: [0, 0])
    var random = SeededRandom(seed: seed)
    return (0..<count).compactMap { _ in sampler.episode(shape, &random) }
}

@Test(arguments: Negatives.allCases)
func episode_hasWhatItsShapeAsksFor(negatives: Negatives) {
    let all = episodes(EpisodeSampler.Shape(ways: 3, shots: 4, queries: [2, 1, 0], outsiders: 2, negatives: negatives))
    #expect(all.count == 200)
    for episode in all {
        #expect(episode.supports.map(\.count) == [4, 4, 4])
        #expect(episode.queries.map(\.label) == [0, 0, 1])
        #expect(episode.outsiders.count == 2)
        let rows = episode.supports.flatMap { $0 } + episode.queries.map(\.row) + episode.outsiders
        #expect(Set(rows).count == rows.count, "no picture twice")
        let labels = episode.supports.map { Set($0.map(classOf)) }
        #expect(labels.allSatisfy { $0.count == 1 })
        let classes = labels.flatMap { $0 }
        #expect(Set(classes).count == 3 && !classes.contains(0), "different classes; one of 3 pictures is left out")
        for query in episode.queries { #expect(classOf(query.row) == classes[query.label]) }
        #expect(!classes.contains(classOf(episode.outsiders[0])))
    }
}

@Test func hardNegatives_areTheNearestClasses() {
    let distances = episodes(EpisodeSampler.Shape(shots: 1, negatives: .hard)).map { episode in
        abs(classOf(episode.supports[0][0]) - classOf(episode.supports[1][0]))
    }
    // The five nearest on the circle lie at most five places away, around its seam too.
    #expect(distances.allSatisfy { min($0, 20 - $0) <= 5 })
    let random = episodes(EpisodeSampler.Shape(shots: 1, negatives: .random)).map { episode in
        abs(classOf(episode.supports[0][0]) - classOf(episode.supports[1][0]))
    }
    #expect(random.contains { min($0, 20 - $0) > 5 })
}

@Test func episodes_areTheSame_withTheSameSeed() {
    let shape = EpisodeSampler.Shape(shots: 2)
    #expect(episodes(shape).map(\.supports) == episodes(shape).map(\.supports))
    #expect(episodes(shape).map(\.supports) != episodes(shape, seed: 2).map(\.supports))
}

@Test func episode_isNil_whereNoClassHasEnoughPictures() {
    #expect(episodes(EpisodeSampler.Shape(shots: 16)).isEmpty)
}

@Test func seededRandom_isSplitMix64() {
    // The first value of the generator seeded with 0 is 0xE220A8397B1DCDAF.
    var random = SeededRandom(seed: 0)
    #expect(random.below(1 << 32) == 0xE220_A839)
    var counts = [Int](repeating: 0, count: 6)
    for _ in 0..<6000 { counts[random.below(6)] += 1 }
    #expect(counts.allSatisfy { (850...1150).contains($0) })
}
