// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import LCLJob

/// What the daemon remembers: jobs, their answers, attempts and story, in one SQLite file (WAL).
///
/// What a write has done when it returns survives a power cut (`synchronous = FULL`). Writes are immediate transactions, one
/// after the other, and are not cut short when the task that asked is cancelled. Time comes from the caller.
public struct JobStore: Sendable {
    public let path: String
    /// How much sooner each point of priority counts a job as arrived, in milliseconds: a job is overtaken by one of higher
    /// priority that came up to (difference x this) later, and by no other.
    public let ageing: Int64
    private let pool: DatabasePool
    /// Bytes of the write-ahead log between two checkpoints, at most; SQLite begins one every 1000 pages.
    package static let logLimit = 16 << 20

    /// Opens the file, makes or migrates its tables, and checks it.
    /// - Throws: ``StoreError/damaged(path:why:)`` where `PRAGMA quick_check` finds fault, ``StoreError/newer(path:)``.
    public init(path: String, ageing: Int64 = 60_000) throws(StoreError) {
        self.path = path
        self.ageing = ageing
        var configuration = Configuration()
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = true
        configuration.maximumReaderCount = 4
        do {
            pool = try DatabasePool(path: path, configuration: configuration)
            // Set here because opening a pool sets NORMAL, with which a power cut loses the last transactions.
            // The log is cut back to this size once a checkpoint has emptied it: one large transaction does not keep its room for ever.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = \(Self.logLimit)") }
            let migrator = Schema.migrator, isNewer = try pool.read { try migrator.hasBeenSuperseded($0) }
            if isNewer { throw StoreError.newer(path: path) }
            let verdict = try pool.read { try String.fetchOne($0, sql: "PRAGMA quick_check(1)") }
            guard verdict == "ok" else { throw StoreError.damaged(path: path, why: verdict ?? "quick_check says nothing") }
            try migrator.migrate(pool)
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError("open the jobs", path, error)
        }
    }

    func write<T: Sendable>(_ attempt: String, _ body: @escaping @Sendable (Database) throws -> T) async throws(StoreError) -> T {
        let pool = pool
        do {
            return try await Task { try await pool.write(body) }.value
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(attempt, path, error)
        }
    }

    func read<T: Sendable>(_ attempt: String, _ body: @escaping @Sendable (Database) throws -> T) async throws(StoreError) -> T {
        let pool = pool
        do {
            return try await Task { try await pool.read(body) }.value
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(attempt, path, error)
        }
    }

    func unsafeWrite(_ attempt: String, _ body: @escaping @Sendable (Database) throws -> Void) async throws(StoreError) {
        let pool = pool
        do { try await Task { try await pool.writeWithoutTransaction(body) }.value } catch { throw StoreError(attempt, path, error) }
    }

    /// A setting of the connection that writes, for the tests of durability.
    package func pragma(_ name: String) throws -> String? {
        try pool.writeWithoutTransaction { try String.fetchOne($0, sql: "PRAGMA \(name)") }
    }

    // MARK: Facts

    /// A small thing to remember that belongs to no job, such as the mode; `nil` where nothing was.
    public func fact(_ name: String) async throws(StoreError) -> String? {
        try await read("read '\(name)'") { try String.fetchOne($0, sql: "SELECT value FROM facts WHERE name = ?", arguments: [name]) }
    }

    public func forget(fact name: String) async throws(StoreError) {
        try await write("forget '\(name)'") { try $0.execute(sql: "DELETE FROM facts WHERE name = ?", arguments: [name]) }
    }

    public func remember(_ value: String, as name: String) async throws(StoreError) {
        try await write("remember '\(name)'") { try $0.execute(sql: "INSERT OR REPLACE INTO facts VALUES (?, ?)", arguments: [name, value]) }
    }
}

extension Database {
    func job(_ id: JobID) throws -> StoredJob {
        guard let job = try StoredJob.fetchOne(cachedStatement(sql: "SELECT * FROM jobs WHERE id = ?"), arguments: [id.rawValue]) else {
            throw StoreError.unknownJob(id)
        }
        return job
    }

    func note(_ event: String, _ job: JobID?, uid: UInt32?, actor: String, at: Int64, detail: String? = nil) throws {
        try cachedStatement(sql: "INSERT INTO events (at, job, uid, event, actor, detail) VALUES (?, ?, ?, ?, ?, ?)")
            .execute(arguments: [at, job?.rawValue, uid, event, actor, detail?.quoted(2048)])
    }
}
