// SPDX-License-Identifier: Apache-2.0
import LCLControl
import LCLJob
import LCLWorker

/// The worker processes: how many, which is idle, which is silent for too long, and when to start another.
///
/// Owned by the scheduler and used from there alone. Ids are never used twice, so a late word of a dead worker is known as one.
struct WorkerPool {
    typealias WorkerID = JobRun.WorkerID

    struct Member {
        let process: WorkerProcess
        var state = DaemonStatus.Worker.State.starting
        var job: JobID?
        /// Whose pictures it has seen: it gets no other user's.
        var submitter: UInt32?
        /// Known once it is ready.
        var confinement: Confinement?
        /// When it last said something, or was given something to do.
        var heard: ContinuousClock.Instant
        /// `linked` once it has read the supports of that.
        var assigned: (at: ContinuousClock.Instant, queries: Int, linked: Bool)?
        /// It has asked something and waits: its silence is ours.
        var isWaiting = false
        /// Why we killed it: said instead of "signal 9".
        var condemned: String?
        /// It was idle and is not needed: its end is nothing to be told.
        var isSentHome = false
    }

    /// What a start needs to know.
    struct Terms: Equatable, Sendable {
        var command: [String]
        var count: Int
        var deadline: Duration
    }

    var terms: Terms
    private(set) var members: [WorkerID: Member] = [:]
    private var nextID = 0
    /// Starts that failed in a row.
    private var failures = 0
    private var notBefore: ContinuousClock.Instant?
    private var ceiling = WorkerCeiling()
    /// Jobs of a second submitter have come: from then on a fresh worker is kept ready, where all have served somebody.
    private var isShared = false
    private let deliver: @Sendable (WorkerID, WorkerProcess.Event) -> Void

    /// A worker may take this long until it is ready: on a cold disk, with a large model.
    private static let startDeadline = Duration.seconds(60)
    private static let longestPause = 30.0

    init(_ terms: Terms, deliver: @escaping @Sendable (WorkerID, WorkerProcess.Event) -> Void) {
        self.terms = terms
        self.deliver = deliver
    }

    private var idle: [WorkerID] { members.filter { $0.value.state == .idle && $0.value.condemned == nil }.keys.sorted() }
    private var tainted: Int { members.values.count { $0.submitter != nil && $0.condemned == nil } }
    var isEmpty: Bool { members.isEmpty }

    /// Starts what is missing and sends home what is too many and idle.
    /// - Returns: the error of a start that failed; the next is tried after a pause.
    mutating func fill(now: ContinuousClock.Instant) -> DaemonError? {
        let limit = ceiling.limit(of: terms.count, now: now)
        // Not where memory is short.
        let count = isShared && limit == terms.count && tainted >= limit ? limit + 1 : limit
        for id in idle.suffix(max(0, members.count - count)) { sendHome(id, "there are fewer workers from now on") }
        if let notBefore, now < notBefore { return nil }
        while members.count < count {
            let id = nextID
            nextID += 1
            do throws(DaemonError) {
                let process = try WorkerProcess(terms.command) { [deliver] in deliver(id, $0) }
                members[id] = Member(process: process, heard: now)
            } catch {
                pause(now)
                return error
            }
        }
        return nil
    }

    /// A worker that may see the pictures of `submitter`; `nil` where none is ready: then dispatching again when one is will find it.
    mutating func worker(for submitter: UInt32, now: ContinuousClock.Instant) -> WorkerID? {
        let candidates = members.filter { $0.value.condemned == nil }.sorted { $0.key < $1.key }.map {
            WorkerChoice.Candidate(id: $0.key, state: $0.value.state, submitter: $0.value.submitter, heard: $0.value.heard)
        }
        switch WorkerChoice.move(for: submitter, among: candidates, limit: ceiling.limit(of: terms.count, now: now)) {
        case .take(let id, let retiring):
            if let retiring { sendHome(retiring, "it has served another user") }
            return id
        case .replace(let id):
            isShared = true
            // Where none comes up, those that there are serve their own users.
            if notBefore.map({ now >= $0 }) ?? true { sendHome(id, "it has served another user") }
            return nil
        case .wait: return nil
        }
    }

    /// - Parameter claim: of the same submitter as all that this worker is ever assigned.
    mutating func assign(
        _ request: WorkerRequest, of claim: Ledger.Claim, pictures: PictureDesk.Folder, queries: Int, to id: WorkerID, now: ContinuousClock.Instant
    ) {
        precondition(members[id]!.submitter ?? claim.uid == claim.uid, "a worker serves one submitter")
        if members[id]!.submitter == nil { members[id]!.process.say(.serve(claim.reader)) }
        members[id]!.submitter = claim.uid
        members[id]!.state = .busy
        members[id]!.job = claim.job
        members[id]!.heard = now
        members[id]!.isWaiting = false
        members[id]!.assigned = (now, queries, linked: false)
        members[id]!.process.send(request, pictures: pictures)
    }

    /// It waits for a word of ours.
    mutating func waits(_ id: WorkerID) { members[id]?.isWaiting = true }

    /// A word in the middle of its work.
    mutating func tell(_ word: WorkerRequest, to id: WorkerID, now: ContinuousClock.Instant) {
        members[id]?.isWaiting = false
        members[id]?.heard = now
        members[id]?.process.say(word)
    }

    /// - Returns: how long its slice took, where it has just ended one.
    mutating func release(_ id: WorkerID, now: ContinuousClock.Instant) -> (queries: Int, seconds: Double)? {
        guard let assigned = members[id]?.assigned else { return nil }
        let seconds = time(of: id, now: now)
        members[id]!.state = .idle
        members[id]!.job = nil
        members[id]!.process.rest()
        members[id]!.assigned = nil
        return (assigned.queries, seconds)
    }

    /// It has read the supports of what it was assigned.
    /// - Returns: the seconds that took; `nil` where it has said so before.
    mutating func linked(_ id: WorkerID, now: ContinuousClock.Instant) -> Double? {
        guard members[id]?.assigned?.linked == false else { return nil }
        members[id]!.assigned!.linked = true
        return time(of: id, now: now)
    }

    /// Seconds that it has been at work on what it was assigned.
    func time(of id: WorkerID, now: ContinuousClock.Instant) -> Double { members[id]?.assigned.map { (now - $0.at) / .seconds(1) } ?? 0 }

    /// Whether a worker of this user's is idle.
    func rests(for submitter: UInt32) -> Bool { members.values.contains { $0.submitter == submitter && $0.state == .idle && $0.condemned == nil } }

    mutating func heard(from id: WorkerID, now: ContinuousClock.Instant) { members[id]?.heard = now }

    /// The last reply of a worker was dealt with: it may say more.
    func handled(from id: WorkerID) { members[id]?.process.handled() }

    mutating func ready(_ id: WorkerID, _ confinement: Confinement) {
        members[id]?.state = .idle
        members[id]?.confinement = confinement
        failures = 0
        notBefore = nil
    }

    /// Takes a dead worker off the list.
    /// - Returns: how it ended; `nil` where it is not known.
    mutating func bury(_ id: WorkerID, cause: String, now: ContinuousClock.Instant) -> (cause: String, isRoutine: Bool)? {
        guard let member = members.removeValue(forKey: id) else { return nil }
        if member.state == .starting { pause(now) }
        return (member.condemned ?? cause, member.isSentHome)
    }

    /// A worker died for want of memory: fewer run for a while.
    mutating func lower(now: ContinuousClock.Instant) { ceiling.exhausted(wanted: terms.count, now: now) }

    /// How many may run now.
    mutating func limit(now: ContinuousClock.Instant) -> Int { ceiling.limit(of: terms.count, now: now) }

    private mutating func sendHome(_ id: WorkerID, _ why: String) {
        members[id]?.isSentHome = true
        kill(id, why)
    }

    mutating func kill(_ id: WorkerID, _ why: String) {
        guard members[id] != nil else { return }
        members[id]!.condemned = members[id]!.condemned ?? why
        members[id]!.process.kill()
    }

    /// Kills who has said nothing for too long.
    mutating func killSilent(now: ContinuousClock.Instant) {
        for (id, member) in members where member.condemned == nil && !member.isWaiting && !member.process.isAwaitingPicture {
            let limit: Duration? = switch member.state { case .starting: Self.startDeadline; case .busy: terms.deadline; case .idle: nil }
            if let limit, now - member.heard > limit {
                kill(id, "worker \(member.process.pid) said nothing for \(limit.components.seconds) s and was killed")
            }
        }
    }

    var report: [DaemonStatus.Worker] {
        members.sorted { $0.key < $1.key }.map { .init(pid: $0.value.process.pid, state: $0.value.state, job: $0.value.job) }
    }

    /// Twice as long after each failure.
    private mutating func pause(_ now: ContinuousClock.Instant) {
        failures += 1
        notBefore = now + .seconds(min(0.25 * Double(1 << min(failures, 10)), Self.longestPause))
    }
}
