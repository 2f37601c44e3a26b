// SPDX-License-Identifier: Apache-2.0
import Foundation
import GRDB
import LCLJob
import LCLStore
import Testing

/// A path for a database of one test; whatever lies beside it is removed as well.
private final class Place {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lcl-rebuild-\(UUID())")
    var path: String { folder.appendingPathComponent("lcld.db").path }

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: folder) }

    var files: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() } }

    func write(_ bytes: [UInt8], at offset: UInt64) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try file.seek(toOffset: offset)
        try file.write(contentsOf: bytes)
        try file.close()
    }

    /// A database with jobs, closed, all of it in the file.
    func fill() async throws {
        let store = try JobStore(path: path)
        try await store.insert((0..<500).map { job("job-\($0)") })
        try await store.foldLog()
    }
}

@Test func sound_database_isOpenedAsItIs() async throws {
    let place = try Place()
    try await place.fill()
    let (store, setAside) = try JobStore.openOrRebuild(path: place.path, stamp: 1)
    #expect(setAside == nil)
    #expect(try await store.counts() == [.queued: 500])
}

/// Garbage where the header was, and a torn page in the middle.
@Test(arguments: [0, 8192] as [UInt64]) func damaged_database_isSetAside_andAnEmptyOneTakesItsPlace(offset: UInt64) async throws {
    let place = try Place()
    try await place.fill()
    try place.write([UInt8](repeating: 0xA5, count: 4096), at: offset)
    let (store, setAside) = try JobStore.openOrRebuild(path: place.path, stamp: 42)
    #expect(setAside?.path == place.path + ".corrupt-42")
    #expect(try await store.counts() == [:])
    try await store.insert([job("new")])
    #expect(try place.files.contains("lcld.db.corrupt-42"))
}

@Test func distrusted_database_isSetAside_thoughItLooksSound() async throws {
    let place = try Place()
    try await place.fill()
    try JobStore(path: place.path).distrust()
    #expect(try JobStore.openOrRebuild(path: place.path, stamp: 7).setAside != nil)
    #expect(try JobStore.openOrRebuild(path: place.path, stamp: 8).setAside == nil)
}

@Test func newerDatabase_isRefused_andLeftAlone() async throws {
    let place = try Place()
    try await place.fill()
    try await DatabaseQueue(path: place.path).write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 the future')") }
    let error = #expect(throws: StoreError.newer(path: place.path)) { try JobStore.openOrRebuild(path: place.path, stamp: 1) }
    #expect("\(error!)".contains("install that version again"))
    #expect(try !place.files.contains { $0.contains("corrupt") })
}

/// Fixtures/version-1.sql is a database as the version before this one left it; Tests/Reference/schema_fixture.sh makes it.
@Test func databaseOfTheVersionBefore_isTakenOver_withItsJobs() async throws {
    let place = try Place(), sql = try String(contentsOf: #require(Bundle.module.url(forResource: "version-1", withExtension: "sql", subdirectory: "Fixtures")), encoding: .utf8)
    try await DatabaseQueue(path: place.path).writeWithoutTransaction { try $0.execute(sql: sql) }
    let (store, setAside) = try JobStore.openOrRebuild(path: place.path, stamp: 1)
    #expect(setAside == nil)
    #expect(try await store.counts() == [.done: 1, .queued: 1, .running: 1])
    #expect(try await store.unanswered(of: JobID("running")!) == [1])
    #expect(try await store.underWay(of: 1000) == (jobs: 2, bytes: 0, queries: 5))
    try await store.insert([NewJob(id: JobID("new")!, uid: 1000, created: 9, queries: 2, bytes: 77)])
    #expect(try await store.underWay(of: 1000) == (jobs: 3, bytes: 77, queries: 7))
}
