// SPDX-License-Identifier: Apache-2.0
import Foundation
import TestPictures
import Testing

/// Every call that changes the disk, failed or fatal in turn: a death and one error drawn for each. `LCL_FAULTS=all` tries every
/// action, `LCL_FAULTS=SCENARIO` one scenario, and `LCL_FAULTS=SCENARIO:POINT:ACTION` one trial; `LCL_SEED` draws as before.
@Suite(.serialized) struct FaultTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seed = environment["LCL_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...999_999)
    private static let choice = environment["LCL_FAULTS"] ?? ""
    private static let atOnce = environment["LCL_FAULTS_AT_ONCE"].flatMap(Int.init)

    @Test(arguments: Scenario.all) func everyJob_isAnsweredOnceAndRight_whateverCallFails(_ scenario: Scenario) async throws {
        guard scenario.isChosen(by: Self.choice) else { return }
        let trial = try await Trial(scenario)
        var random = SeededGenerator(seed: Self.seed)
        var plan = Fault.plan(trial.reference.points, thorough: Self.choice == "all" || Self.choice.contains(":"), using: &random)
        if Self.choice != "all", !Self.choice.contains(":") { plan = plan.filter { $0.point.number % scenario.stride == Int(Self.seed) % scenario.stride } }
        if Self.choice.contains(":") {
            plan = plan.filter { "\(scenario.name):\($0.point.number):\($0.action.rawValue)" == Self.choice }
        }
        #expect(trial.reference.points.count > 20)
        let tally = await Self.outcomes(of: plan, in: trial, called: "faults: \(scenario.name)")
        // Threads may come in another order, and the last points of a run then have lower numbers.
        #expect(tally.notReached * 20 <= plan.count)
    }

    /// The second fault strikes while the daemon deals with the first, or puts right what that has left.
    @Test(arguments: Scenario.all) func everyJob_isAnsweredOnceAndRight_whenAnotherCallFailsSoonAfter(_ scenario: Scenario) async throws {
        guard scenario.isChosen(by: Self.choice), !Self.choice.contains(":") else { return }
        let trial = try await Trial(scenario)
        var random = SeededGenerator(seed: Self.seed &+ 1)
        let rounds = Self.choice == "all" ? 4 : 1
        let plan = (0..<rounds).flatMap { _ in Fault.pairs(trial.reference.points, share: Self.choice.isEmpty ? 4 : 1, using: &random) }
        let tally = await Self.outcomes(of: plan, in: trial, called: "two faults in a row: \(scenario.name)")
        // Many lives have too little to put right for the second to find its call.
        #expect(tally.notReached * 4 <= plan.count * 3)
    }

    private struct Tally {
        var alone = 0, restarted = 0, notReached = 0
        var broken: [String] = []

        mutating func count(_ outcome: Trial.Outcome) {
            switch outcome {
            case .finishedAlone: alone += 1
            case .finishedAfterRestart: restarted += 1
            case .notReached: notReached += 1
            case .broken(let why):
                print("faults: broken: \(why)")
                broken.append(why)
            }
        }
    }

    /// Tries all of `plan`, says what came of it, and records what broke.
    private static func outcomes(of plan: [Fault], in trial: Trial, called name: String) async -> Tally {
        var tally = Tally(), waiting = plan.makeIterator()
        await withTaskGroup(of: Trial.Outcome.self) { group in
            for _ in 0..<(atOnce ?? trial.scenario.atOnce) { if let fault = waiting.next() { group.addTask { await trial.run(fault) } } }
            while let outcome = await group.next() {
                tally.count(outcome)
                if let fault = waiting.next() { group.addTask { await trial.run(fault) } }
            }
        }
        print("""
            \(name): \(trial.reference.points.count) points, \(plan.count) trials (\(tally.alone) finished alone, \(tally.restarted) after a restart, \
            \(tally.notReached) over before their point), broken \(tally.broken.count), seed \(seed)
            """)
        for failure in tally.broken { Issue.record("\(failure)") }
        return tally
    }
}

extension Scenario {
    fileprivate func isChosen(by choice: String) -> Bool { choice.isEmpty || choice == "all" || choice.split(separator: ":")[0] == name }
}

extension Scenario: CustomTestStringConvertible {
    var testDescription: String { name }
}
