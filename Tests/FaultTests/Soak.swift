// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl
import LCLJob
import TestPictures

/// Jobs without end on one disk, and a hand that kills: each job must be answered once, with the bytes of a quiet run.
struct Soak {
    /// The kinds of jobs that come, by the directory of ``SampleJobs`` that they are copies of.
    private static let kinds = ["pair", "pair", "pair", "spoiled", "mistaken", "nothing", "bare.json", "large", "cancelled"]
    private static let settings = [
        "LCLD_WORKERS_COUNT": "2", "LCLD_WORKERS_ATTEMPTS": "100", "LCLD_RETENTION_SIZE": "1", "LCLD_RETENTION_INTERVAL": "1s",
        "LCLD_INTAKE_FOLDERS": SampleJobs.root.path, "LCLD_LOG_LEVEL": "error", "LCLD_MODELS": "",
    ]
    /// Jobs that wait for their answer at most.
    private static let outstanding = 24

    private(set) var offered = 0, daemonKills = 0, workerKills = 0
    private(set) var answered: [String: Int] = [:]
    private(set) var wrong: [String] = []
    private(set) var waiting: [String: String] = [:]
    private(set) var daemon: [Vitals] = [], worker: [Vitals] = [], databaseBytes: [Int] = []

    private let scratch: Scratch
    private var random: SeededGenerator
    private var life: Life
    private var known: Set<String> = []
    /// By kind: the file and the bytes of a run in peace, for the id `ID`.
    private var right: [String: (file: String, text: String)] = [:]

    init(seed: UInt64) async throws {
        scratch = try Scratch()
        random = SeededGenerator(seed: seed)
        life = try Life(on: scratch, settings: Self.settings)
        for kind in Set(Self.kinds) where kind != "cancelled" { try await learn(kind) }
    }

    /// - Parameter isDeadly: whether the daemon is killed, or only its workers.
    mutating func run(seconds: Double, isDeadly: Bool) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        var nextKill = ContinuousClock.now + .seconds(2), nextSample = ContinuousClock.now
        daemon = []
        worker = []
        while ContinuousClock.now < end {
            if life.isOver { life = try Life(on: scratch, settings: Self.settings) }
            while waiting.count < Self.outstanding { try await offer() }
            harvest()
            if ContinuousClock.now > nextKill {
                try await strike(isDeadly)
                nextKill = ContinuousClock.now + .seconds(Double.random(in: 0.3...4, using: &random))
            }
            if ContinuousClock.now > nextSample {
                await sample()
                nextSample = ContinuousClock.now + .seconds(1)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Until nothing waits any more and all is tidied up, or `seconds` are over.
    mutating func drain(seconds: Double) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        while !waiting.isEmpty, ContinuousClock.now < end {
            if life.isOver { life = try Life(on: scratch, settings: Self.settings) }
            harvest()
            try await Task.sleep(for: .milliseconds(50))
        }
        // What nobody waits for may take a moment.
        while !strays.isEmpty, ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(50)) }
        try await life.kill()
    }

    var strays: [String] { scratch.strays() }

    // MARK: Jobs

    private func source(_ kind: String) -> URL { SampleJobs.directory(kind == "cancelled" ? "large" : kind) }

    private mutating func learn(_ kind: String) async throws {
        let id = "quiet-" + kind.replacing(".json", with: "")
        try scratch.offer(source(kind), as: kind.hasSuffix(".json") ? id + ".json" : id)
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline {
            if let (file, text) = answer(id) {
                right[kind] = (file, text.replacing(id, with: "ID"))
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Play.Broken(description: "no answer to \(kind): \(scratch.logText)")
    }

    private mutating func offer() async throws {
        offered += 1
        let kind = Self.kinds.randomElement(using: &random)!, id = "soak-\(offered)"
        try scratch.offer(source(kind), as: kind.hasSuffix(".json") ? id + ".json" : id)
        waiting[id] = kind
        known.insert(id)
        if kind == "cancelled" { _ = try? await life.client.perform(.cancel, on: JobID(id)!) }
    }

    /// The answer of a job that is over: `result.json` or `error.json`, and its text.
    private func answer(_ id: String) -> (file: String, text: String)? {
        for path in ["done/\(id)/result.json", "failed/\(id)/error.json", "corrupt/\(id)/error.json"] {
            if let text = try? String(contentsOf: scratch.spool.appending(path: path), encoding: .utf8) {
                return (String(path.split(separator: "/").last!), text)
            }
        }
        return nil
    }

    private mutating func harvest() {
        for (id, kind) in waiting {
            guard let (file, text) = answer(id) else { continue }
            waiting[id] = nil
            answered[kind, default: 0] += 1
            let plain = text.replacing(id, with: "ID")
            let isCancelled = kind == "cancelled" && plain.contains("job.cancelled")
            let expected = right[kind == "cancelled" ? "large" : kind]!
            if !isCancelled, (file, plain) != expected { wrong.append("\(id) (\(kind)): \(file) \(plain.prefix(600))") }
        }
        for place in ["done", "failed", "corrupt"] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: scratch.spool.appending(path: place).path)) ?? []
            for name in names where name.hasPrefix("soak-") && !known.contains(name) { wrong.append("\(place)/\(name) was never offered") }
        }
    }

    // MARK: Killing and measuring

    private mutating func strike(_ isDeadly: Bool) async throws {
        if isDeadly, Double.random(in: 0..<1, using: &random) < 0.7 {
            try await life.kill()
            daemonKills += 1
        } else if let pid = try? await life.client.status().workers.randomElement(using: &random)?.pid, Glibc.kill(pid, SIGKILL) == 0 {
            workerKills += 1
        }
    }

    private mutating func sample() async {
        if let vitals = Vitals(of: life.pid) { daemon.append(vitals) }
        if let pid = try? await life.client.status().workers.first?.pid, let vitals = Vitals(of: pid) { worker.append(vitals) }
        let files = ["lcld.db", "lcld.db-wal"].map { scratch.state.appending(path: $0).path }
        databaseBytes.append(files.reduce(0) { $0 + ((try? FileManager.default.attributesOfItem(atPath: $1)[.size] as? Int) ?? 0) })
    }
}
