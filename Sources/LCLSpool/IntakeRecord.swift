// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob

/// What intake knows of a job beside its manifest: `intake.json` in the job's directory.
public struct IntakeRecord: Codable, Equatable, Sendable {
    public static let fileName = "intake.json"

    /// uid of the owner of the entry in `incoming/`.
    public var submitter: UInt32
    /// When it was taken, milliseconds since 1970 UTC.
    public var accepted: Int64
    /// The entry's name in `incoming/`.
    public var entry: String
    /// Pictures that could not be copied, by path as the manifest has it: the answer for each.
    public var unreadable: [String: Failure]
    /// Of all pictures that were copied; missing where an older lcl wrote the record.
    public var bytes: Int?

    /// - Parameter directory: `active/ID`, or wherever the job lies.
    public static func read(_ directory: String) throws(SpoolError) -> IntakeRecord {
        try decode(IntakeRecord.self, directory + "/" + fileName)
    }
}

/// A job whose snapshot is whole: it will not be lost.
public struct AcceptedJob: Sendable {
    public var id: JobID
    public var manifest: Manifest
    public var record: IntakeRecord

    /// The manifest's queries, or a training's pictures, in order: a query's ordinal is its place here.
    public var queries: [Manifest.Query] {
        precondition(manifest.patterns.isEmpty, "intake resolves the queries")
        return manifest.work
    }
}

/// Why a job ended without a result: `error.json`, `lcl/error/1`.
public struct ErrorReport: Codable, Equatable, Sendable {
    public static let fileName = "error.json"

    public var schema = "lcl/error/1"
    public var job: JobID
    /// `failed`, `dead`, `cancelled` or `expired`.
    public var state: JobState
    public var problems: [Failure]

    public init(job: JobID, state: JobState, problems: [Failure]) {
        precondition(state.isFinal && state != .done, "a report of how a job failed")
        self.job = job
        self.state = state
        self.problems = problems
    }
}

/// One of our own files, read back.
/// - Throws: ``SpoolError/damaged(path:why:)`` where it is not what we wrote.
func decode<T: Decodable>(_ type: T.Type, _ path: String) throws(SpoolError) -> T {
    let file = try Descriptor.open(path, O_RDONLY | O_NOFOLLOW)
    let bytes = try file.read(upTo: Int(try file.status().st_size))
    do {
        return try CanonicalJSON.decode(type, from: Data(bytes))
    } catch {
        throw .damaged(path: path, why: "\(error)")
    }
}
