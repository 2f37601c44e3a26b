// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLControl
import LCLJob
import TestModels
import TestPictures

/// A short piece of a daemon's work, the same every time: what lies on the disk before it, what is asked, how all must end.
struct Scenario: Sendable {
    let name: String
    /// Of the daemon, as environment variables.
    var settings: [String: String] = [:]
    /// Asked one after the other, each once the one before is granted.
    var wishes: [Wish] = []
    /// The state that each job is in at the end; a job that is not here must be forgotten.
    let ends: [String: JobState]
    /// One point in so many is struck, where not all are asked for: a trial of some scenarios takes its time.
    var stride = 1
    /// Trials at once. Most of one is waiting: for flushes, for a pause before another try.
    var atOnce = 16
    /// Furnishes the disk.
    let furnish: @Sendable (Scratch) async throws -> Void

    static let all = [firstStart, recovery, rebuilding, clock, control, training]

    /// A training that has kept all it needs learns to the end, makes its model, and is done.
    /// Two faults after its making are more deaths of the daemon than a job may see by default.
    static let training = Scenario(name: "training", settings: ["LCLD_WORKERS_ATTEMPTS": "9"], ends: ["school": .done], stride: 5, atOnce: 4) { scratch in
        let models = scratch.state.appending(path: "models")
        try TestModels.makeSmallBase(in: models)
        try scratch.offer(SampleJobs.directory("school"), as: "school")
        let life = try Life(on: scratch, settings: ["LCLD_FAULT": "after-model"])
        while !life.isOver { try await Task.sleep(for: .milliseconds(20)) }
        try FileManager.default.removeItem(at: models.appending(path: "beetles"))
    }

    /// The first start on an empty disk; one job of each form, one with mistakes, one that is none.
    static let firstStart = Scenario(
        name: "first-start", settings: ["LCLD_INTAKE_FOLDERS": SampleJobs.root.path],
        ends: ["pair": .done, "bare": .done, "mistaken": .failed, "nothing": .failed]
    ) { scratch in
        for name in ["pair", "mistaken", "nothing"] { try scratch.offer(SampleJobs.directory(name), as: name) }
        try scratch.offer(SampleJobs.root.appending(path: "bare.json"), as: "bare.json")
    }

    /// The daemon died between the rename that published a result and the row: the next start makes the row say so.
    static let recovery = Scenario(name: "recovery", ends: ["pair": .done]) { scratch in
        try scratch.offer(SampleJobs.directory("pair"), as: "pair")
        let life = try Life(on: scratch, settings: ["LCLD_FAULT": "after-publish-rename"])
        while !life.isOver { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// The database is gone: rows are made anew from what is over.
    static let rebuilding = Scenario(name: "rebuilding", ends: ["pair": .done, "mistaken": .failed]) { scratch in
        let jobs = ["pair", "mistaken"].map { ($0, SampleJobs.directory($0)) }
        try await before(scratch, wishes: [], offering: Dictionary(uniqueKeysWithValues: jobs), ends: ["pair": .done, "mistaken": .failed])
        for file in try FileManager.default.contentsOfDirectory(atPath: scratch.state.path) where file.hasPrefix("lcld.db") {
            try FileManager.default.removeItem(at: scratch.state.appending(path: file))
        }
    }

    /// A job expires, and another is forgotten to make room.
    static let clock = Scenario(
        name: "clock", settings: ["LCLD_RETENTION_SIZE": "1", "LCLD_RETENTION_INTERVAL": "1s"], ends: ["late": .expired]
    ) { scratch in
        try await before(scratch, wishes: [.pause], offering: ["big": SampleJobs.directory("big"), "late": SampleJobs.directory("late")], ends: ["big": .failed, "late": .queued])
        let expiry = Date(timeIntervalSinceNow: Double(SampleJobs.patience))
        while Date() < expiry { try await Task.sleep(for: .milliseconds(50)) }
    }

    /// Jobs that wait are cancelled, retried, held and released, and then run.
    static let control = Scenario(
        name: "control",
        wishes: [.cancel(JobID("a")!), .retry(JobID("a")!), .hold(JobID("b")!), .release(JobID("b")!), .resume],
        ends: ["a": .done, "b": .done]
    ) { scratch in
        let pair = SampleJobs.directory("pair")
        try await before(scratch, wishes: [.pause], offering: ["a": pair, "b": pair], ends: ["a": .queued, "b": .queued])
    }

    /// A life without faults that leaves jobs in the states of `ends`.
    private static func before(_ scratch: Scratch, wishes: [Wish], offering jobs: [String: URL], ends: [String: JobState]) async throws {
        let scenario = Scenario(name: "before", wishes: wishes, ends: ends) { _ in }
        let life = try Life(on: scratch, settings: [:])
        var play = Play(scenario, on: scratch)
        try await play.askAll(of: life)
        for (name, source) in jobs.sorted(by: { $0.key < $1.key }) { try scratch.offer(source, as: name) }
        try await play.settle(life, within: 30)
        try await life.kill()
    }
}

/// The jobs of the scenarios, drawn once. Small: two supports, two queries.
enum SampleJobs {
    /// Seconds that `late` waits before it expires.
    static let patience = 3

    static func directory(_ name: String) -> URL { root.appending(path: name) }

    static let root: URL = {
        let root = ProcessFiles.path("fault-jobs")
        do { try draw(in: root) } catch { fatalError("\(error)") }
        return root
    }()

    /// A default model that loads and answers at once, so that trials need not wait for it.
    static let models: URL = {
        let models = root.appending(path: "models")
        do {
            try FileManager.default.createDirectory(at: models, withIntermediateDirectories: true)
            try TestModels.makeTiny("default", in: models)
        } catch { fatalError("\(error)") }
        return models
    }()

    private static func draw(in root: URL) throws {
        try? FileManager.default.removeItem(at: root)
        let expected = try TestPictures.writeJob(at: root.appending(path: "pair"), classes: 2, shots: 1, queries: 2, side: 32)
        let files = FileManager.default
        for copy in ["late", "mistaken", "big"] { try files.copyItem(at: directory(in: root, "pair"), to: directory(in: root, copy)) }
        let labels = try files.contentsOfDirectory(atPath: root.appending(path: "pair/support").path).sorted()
        try CanonicalJSON.encode(manifest(labels, expected.keys.sorted(), in: "", expires: patience)).write(to: root.appending(path: "late/job.json"))
        try CanonicalJSON.encode(manifest(labels, expected.keys.sorted(), in: root.path + "/pair/", expires: nil)).write(to: root.appending(path: "bare.json"))
        for one in ["mistaken", "big"] { try files.removeItem(at: root.appending(path: "\(one)/support/\(labels[0])")) }
        try Data(repeating: 1, count: 3 << 20).write(to: root.appending(path: "big/queries/large.png"))
        try TestPictures.writeJob(at: root.appending(path: "large"), classes: 2, shots: 1, queries: 40, side: 32)
        try files.copyItem(at: root.appending(path: "pair"), to: root.appending(path: "spoiled"))
        try Data("no picture".utf8).write(to: root.appending(path: "spoiled/queries/q001.png"))
        try TestPictures.writeTraining(at: root.appending(path: "school"), labels: 10, pictures: 5, side: 32)
        try files.createDirectory(at: root.appending(path: "nothing"), withIntermediateDirectories: true)
        try Data("no pictures".utf8).write(to: root.appending(path: "nothing/readme.txt"))
    }

    private static func directory(in root: URL, _ name: String) -> URL { root.appending(path: name) }

    private static func manifest(_ labels: [String], _ queries: [String], in folder: String, expires: Int?) -> Manifest {
        var manifest = Manifest(
            labels: labels.map { .init(name: $0, support: ["\(folder)support/\($0)/s00.jpg"]) },
            queries: .list(queries.map { .init(id: $0, image: folder + $0) }))
        manifest.options.expires = expires
        return manifest
    }
}
