// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLLink
import LCLModel
import LCLTensor
import LCLTraining
import Synchronization
import Testing

/// A journal in memory that ends the training at an entry of one's choice.
private final class MemoryJournal: TrainingJournal {
    struct Interrupted: Error {}

    private let entries = Mutex<[String: [UInt8]]>([:])
    private let left: Mutex<Int>

    init(_ other: MemoryJournal? = nil, saves: Int = .max) {
        left = Mutex(saves)
        if let other { entries.withLock { $0 = other.names } }
    }

    var names: [String: [UInt8]] { entries.withLock { $0 } }

    func load(_ name: String) -> [UInt8]? { entries.withLock { $0[name] } }

    func save(_ bytes: [UInt8], as name: String) throws {
        entries.withLock { $0[name] = bytes }
        let isOver = left.withLock { left in
            left -= 1
            return left <= 0
        }
        if isOver { throw Interrupted() }
    }
}

struct TrainingJournalTests {
    private let table = SyntheticTable.make(pictures: [Int](repeating: 8, count: 20))

    private func trainer(_ journal: MemoryJournal?, gradient: Bool) -> LinkTrainer {
        var trainer = LinkTrainer()
        trainer.journal = journal
        if gradient {
            var fit = EpisodicFit(.twoWay)
            fit.epochs = 2
            fit.checkpoints = journal
            trainer.fit = fit
        }
        return trainer
    }

    private func learn(_ journal: MemoryJournal?, gradient: Bool) throws -> LinkTrainer.Outcome {
        try trainer(journal, gradient: gradient).train(table, classes: table.classes, taps: ["d11.max"])
    }

    @Test(arguments: [false, true]) func outcome_isTheSame_howeverOftenItIsInterrupted(gradient: Bool) throws {
        let whole = try learn(nil, gradient: gradient)
        var kept = MemoryJournal(), rounds = 0
        while true {
            rounds += 1
            kept = MemoryJournal(kept, saves: 1)
            do {
                let outcome = try learn(kept, gradient: gradient)
                #expect(zip(outcome.parts, whole.parts).allSatisfy { $0.map == $1.map && $0.mean == $1.mean })
                #expect(outcome.calibrations == whole.calibrations)
                #expect(outcome.accuracies == whole.accuracies)
                break
            } catch is MemoryJournal.Interrupted {
                try #require(rounds < 200)
            }
        }
        #expect(rounds > 5, "five folds at least were kept")
    }

    @Test func accuracies_areOfClassesThatWereHeldOut() throws {
        var trainer = trainer(nil, gradient: false)
        trainer.rival = NearestMean(space: FeatureSpace([.init(tap: "d11.max", mean: [Float](repeating: 0, count: 12))]))
        let outcome = try trainer.train(table, classes: table.classes, taps: ["d11.max"])
        #expect(outcome.episodes > 1000)
        #expect(try #require(outcome.accuracies[.metric]) > #require(outcome.accuracies[.prototype]))
        #expect(try #require(outcome.rivalAccuracy) < #require(outcome.accuracies[.metric]))
    }

    @Test func entries_ofOtherPicturesOrSettings_haveOtherNames() throws {
        let one = MemoryJournal(), two = MemoryJournal()
        _ = try learn(one, gradient: false)
        var other = trainer(two, gradient: false)
        other.settings = "another engine"
        _ = try other.train(table, classes: table.classes, taps: ["d11.max"])
        #expect(Set(one.names.keys).isDisjoint(with: two.names.keys))
        #expect(one.names.count == 5)
    }
}
