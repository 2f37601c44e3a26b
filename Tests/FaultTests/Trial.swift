// SPDX-License-Identifier: Apache-2.0
import Foundation

/// One scenario with one fault: a life under it, a clean life after it, and the judgement of what is left.
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
        /// The run was over before the point.
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
        let scratch = try Scratch(like: template), life = try Life(on: scratch, settings: scenario.settings, watched: true)
        var play = Play(scenario, on: scratch)
        try await play.settle(life, within: 30)
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
        let first = try Life(on: scratch, settings: scenario.settings, fault: fault)
        let ending = try await play.live(first, within: Self.patience)
        try await first.kill()
        let met = scratch.loggedPoints()
        let second = try Life(on: scratch, settings: scenario.settings)
        try await play.checkGranted(second)
        try await play.settle(second, within: 40)
        let rows = try await play.rows(second)
        try await second.kill()
        if let difference = difference(scratch.tree(), rows) { return .broken("\(scenario.name):\(fault): \(difference)\n\(scratch.logText)") }
        if met.isEmpty { return .notReached }
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
