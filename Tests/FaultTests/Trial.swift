// SPDX-License-Identifier: Apache-2.0
import Foundation

/// One scenario with one fault, or two in a row: a life under each, a clean life after them, and the judgement of what is left.
struct Trial: Sendable {
    /// How a run without faults leaves everything.
    struct Reference: Sendable {
        let points: [FaultPoint]
        let tree: [String: Data]
        let rows: [String: Play.Row]
    }

    enum Outcome: Sendable {
        /// The daemon met the fault and finished without help.
        case finishedAlone
        /// It ended, or did not finish in time, and the next start did the rest.
        case finishedAfterRestart
        /// The run was over before the point, or before the second one.
        case notReached
        case broken(String)
    }

    let scenario: Scenario
    let template: Scratch
    let reference: Reference

    /// How long a life under an error may take until the next one has to help, in seconds.
    private static let patience = 8.0

    init(_ scenario: Scenario) async throws {
        self.scenario = scenario
        template = try Scratch()
        try await scenario.furnish(template)
        let scratch = try Scratch(like: template), life = try Life(on: scratch, settings: scenario.settings, strikes: [:])
        var play = Play(scenario, on: scratch)
        try await play.settle(life, within: 30, isSwept: true)
        let rows = try await play.rows(life)
        try await life.kill()
        reference = Reference(points: scratch.loggedPoints(), tree: scratch.tree(), rows: rows)
    }

    func run(_ fault: Fault) async -> Outcome {
        do { return try await judged(fault) } catch { return .broken("\(scenario.name):\(fault): \(error)") }
    }

    private func judged(_ fault: Fault) async throws -> Outcome {
        let scratch = try Scratch(like: template)
        var play = Play(scenario, on: scratch)
        var ending = Play.Ending.over
        for strikes in [fault.strikes, fault.strikesAfterwards].compactMap(\.self) {
            let life = try Life(on: scratch, settings: scenario.settings, strikes: strikes)
            ending = try await play.live(life, within: Self.patience, isSwept: true)
            try await life.kill()
        }
        let met = scratch.loggedPoints()
        let last = try Life(on: scratch, settings: scenario.settings)
        try await play.checkGranted(last)
        try await play.settle(last, within: 40)
        let rows = try await play.rows(last)
        try await last.kill()
        if let difference = difference(scratch.tree(), rows) { return .broken("\(scenario.name):\(fault): \(difference)\n\(scratch.logText)") }
        if met.count < (fault.second == nil ? 1 : 2) { return .notReached }
        if case .settled = ending { return .finishedAlone }
        return .finishedAfterRestart
    }

    /// What is not as without the fault; `nil` where all is.
    private func difference(_ tree: [String: Data], _ rows: [String: Play.Row]) -> String? {
        let missing = Set(reference.tree.keys).subtracting(tree.keys), more = Set(tree.keys).subtracting(reference.tree.keys)
        if !missing.isEmpty || !more.isEmpty { return "missing \(missing.sorted()), too much \(more.sorted())" }
        if let other = tree.first(where: { reference.tree[$0.key] != $0.value }) { return "'\(other.key)' has other bytes" }
        return rows == reference.rows ? nil : "rows \(rows) where \(reference.rows) should be"
    }
}
