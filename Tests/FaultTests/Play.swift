// SPDX-License-Identifier: Apache-2.0
import LCLControl
import LCLJob

/// One scenario on one scratch disk, carried from life to life: what was granted, and what was being asked when a life ended.
struct Play {
    enum Ending: Sendable {
        case settled
        /// The daemon ended, by a fault or by itself.
        case over
        /// Neither within its time.
        case late
    }

    struct Broken: Error, CustomStringConvertible {
        let description: String
    }

    private let scenario: Scenario
    private let scratch: Scratch
    private(set) var granted = 0
    private var isAsking = false

    init(_ scenario: Scenario, on scratch: Scratch) {
        self.scenario = scenario
        self.scratch = scratch
    }

    /// Lives on until all is as it must be.
    /// - Parameter isSwept: and the first sweep has folded the database's log, so that every life makes the same calls.
    mutating func live(_ life: Life, within seconds: Double, isSwept: Bool = false) async throws -> Ending {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if life.isOver { return .over }
            if try await step(life, isSwept: isSwept) { return .settled }
            try await Task.sleep(for: .milliseconds(10))
        }
        return life.isOver ? .over : .late
    }

    /// The same where nothing may go wrong.
    mutating func settle(_ life: Life, within seconds: Double, isSwept: Bool = false) async throws {
        switch try await live(life, within: seconds, isSwept: isSwept) {
        case .settled: return
        case .over: throw Broken(description: "lcld ended: \(scratch.logText.suffix(2000))")
        case .late:
            let rows = (try? await rows(life)) ?? [:]
            throw Broken(description: "not settled in \(seconds) s: \(rows.mapValues(\.state)), strays \(scratch.strays().prefix(9)), granted \(granted) wishes: \(scratch.logText.suffix(2000))")
        }
    }

    /// Asks everything, without waiting for jobs.
    mutating func askAll(of life: Life) async throws {
        while granted < scenario.wishes.count {
            if life.isOver { throw Broken(description: "lcld ended: \(scratch.logText.suffix(2000))") }
            _ = try await askNext(life)
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// After a restart: what was granted last must still hold, unless what was asked next came true instead.
    func checkGranted(_ life: Life) async throws {
        guard granted > 0 else { return }
        while true {
            if life.isOver { throw Broken(description: "lcld ended: \(scratch.logText.suffix(2000))") }
            do {
                if try await scenario.wishes[granted - 1].holds(life.client) { return }
                if isAsking, try await scenario.wishes[granted].holds(life.client) { return }
                throw Broken(description: "'\(scenario.wishes[granted - 1])' was granted and does not hold after the restart")
            } catch let error as ControlError where error.code == .notRunning {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    /// - Returns: whether all is as it must be.
    private mutating func step(_ life: Life, isSwept: Bool) async throws -> Bool {
        guard try await askNext(life), !isSwept || scratch.logIsFolded else { return false }
        let waiting = Set(scenario.ends.filter { !$0.value.isFinal }.keys)
        // Looked for first, since that costs the daemon nothing, and last, since a job's files go after its row.
        guard scratch.strays(keeping: waiting).isEmpty, let rows = try? await rows(life), rows.mapValues(\.state) == scenario.ends else { return false }
        return scratch.strays(keeping: waiting).isEmpty
    }

    /// Asks the next wish; a daemon that is not up yet, or cannot do it now, is asked again.
    /// - Returns: whether every wish is granted.
    private mutating func askNext(_ life: Life) async throws -> Bool {
        guard granted < scenario.wishes.count else { return true }
        let wish = scenario.wishes[granted]
        do {
            isAsking = true
            try await wish.ask(life.client)
        } catch let error as ControlError {
            // Perhaps it was carried out, and the daemon ended before it could say so.
            guard error.code == .wrongState, (try? await wish.holds(life.client)) == true else { return false }
        } catch {
            return false
        }
        isAsking = false
        granted += 1
        return granted == scenario.wishes.count
    }

    /// What the daemon says of each job, without its times.
    func rows(_ life: Life) async throws -> [String: Row] {
        // A connection may break while a fault strikes; this only reads, so it is asked once more.
        var page = try? await life.client.jobs(JobFilter(limit: 100))
        if page == nil { page = try await life.client.jobs(JobFilter(limit: 100)) }
        guard let page else { return [:] }
        return Dictionary(uniqueKeysWithValues: page.jobs.map { ($0.id.rawValue, Row($0)) })
    }

    struct Row: Equatable, Sendable {
        var state: JobState
        var queries: Int
        var answered: Int
        var failure: Failure?

        init(_ job: JobSummary) {
            state = job.state
            queries = job.queries
            answered = job.answered
            failure = job.failure
        }
    }
}
