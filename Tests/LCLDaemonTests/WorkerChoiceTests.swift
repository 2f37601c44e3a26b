// SPDX-License-Identifier: Apache-2.0
import LCLControl
import LCLDaemon
import Testing

/// A worker serves one submitter.
struct WorkerChoiceTests {
    private static let start = ContinuousClock.now

    /// - Parameter heard: seconds since the start.
    private static func worker(_ id: Int, _ state: DaemonStatus.Worker.State, of submitter: UInt32? = nil, heard: Int = 0) -> WorkerChoice.Candidate {
        .init(id: id, state: state, submitter: submitter, heard: start + .seconds(heard))
    }

    private static func move(_ members: [WorkerChoice.Candidate], limit: Int) -> WorkerChoice.Move { WorkerChoice.move(for: 1, among: members, limit: limit) }

    @Test func own_isTaken_beforeAFreshOne() {
        #expect(Self.move([Self.worker(1, .idle), Self.worker(2, .idle, of: 1)], limit: 2) == .take(2, retiring: nil))
    }

    @Test func fresh_isTaken_whileSlotsAreFree() {
        #expect(Self.move([Self.worker(1, .idle, of: 2), Self.worker(2, .idle)], limit: 2) == .take(2, retiring: nil))
    }

    @Test func longestIdleOfOthers_goes_whenTheSpareIsTaken() {
        let members = [Self.worker(1, .idle, of: 2, heard: 5), Self.worker(2, .idle, of: 3, heard: 4), Self.worker(3, .idle)]
        #expect(Self.move(members, limit: 2) == .take(3, retiring: 2))
    }

    @Test func busyWorkers_neverGo() {
        let members = [Self.worker(1, .busy, of: 2), Self.worker(2, .idle, of: 3, heard: 9), Self.worker(3, .idle)]
        #expect(Self.move(members, limit: 2) == .take(3, retiring: 2))
        #expect(Self.move([Self.worker(1, .busy, of: 2), Self.worker(2, .busy, of: 1), Self.worker(3, .idle)], limit: 2) == .wait)
    }

    @Test func one_isReplaced_whenAllHaveServedOthers() {
        #expect(Self.move([Self.worker(1, .idle, of: 2), Self.worker(2, .idle, of: 3, heard: 1)], limit: 2) == .replace(1))
    }

    @Test func nobodyElseGoes_whileAFreshOneComesUp() {
        #expect(Self.move([Self.worker(1, .idle, of: 2), Self.worker(2, .starting)], limit: 2) == .wait)
    }

    @Test func jobWaits_whenThereIsNobody() {
        #expect(Self.move([], limit: 2) == .wait)
    }

    /// Whatever comes and goes: nobody gets a worker that has served another, and no more than the limit are busy.
    @Test func noWorkerEverServesTwo_inALongRandomLife() {
        var random = SystemRandomNumberGenerator(), members: [WorkerChoice.Candidate] = [], served: [Int: UInt32] = [:], next = 0, taken = 0
        for second in 0..<20_000 {
            if members.count < 4 {
                members.append(Self.worker(next, .starting, heard: second))
                next += 1
            }
            let i = Int.random(in: members.indices, using: &random)
            if members[i].state != .idle { members[i].state = .idle }
            let uid = UInt32.random(in: 1...5, using: &random)
            switch WorkerChoice.move(for: uid, among: members, limit: 3) {
            case .take(let id, let retiring):
                #expect(served[id] == nil || served[id] == uid)
                served[id] = uid
                members = members.filter { $0.id != retiring }.map { $0.id == id ? Self.worker(id, .busy, of: uid, heard: second) : $0 }
                taken += 1
            case .replace(let id):
                #expect(members.contains { $0.id == id && $0.state == .idle && $0.submitter != uid })
                members.removeAll { $0.id == id }
            case .wait: break
            }
            #expect(members.count { $0.state == .busy } <= 3 && members.count { $0.submitter != nil } <= 3)
        }
        #expect(taken > 2000)
    }
}
