// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDigest
import LCLTensor

/// Where a training keeps what it has worked out, by name, so that it can begin again and only do the rest: the same result, bit for bit.
///
/// Names are of lower-case letters, digits, `-` and `.`, and say all that determines the content.
public protocol TrainingJournal: Sendable {
    /// `nil` where nothing was kept under this name.
    func load(_ name: String) throws -> [UInt8]?

    /// Replaces what was kept before, whole or not at all. It may throw to end the training here: nothing is lost then.
    func save(_ bytes: [UInt8], as name: String) throws
}

/// What tells one training from all others.
enum TrainingKey {
    /// 16 digits of a SHA-256 over the settings and the pictures.
    /// - Parameter settings: all that determines the result beside the pictures.
    static func digest(_ settings: String, _ table: FeatureTable, _ classes: [FeatureTable.Class]) -> String {
        var hash = SHA256()
        hash.update(Data(settings.utf8))
        for group in classes {
            hash.update(Data("\(group.source)\n\(group.name)\n\(group.rows.count)\n".utf8))
            for row in group.rows {
                table.features.withRow(row) { hash.update(Data(buffer: $0)) }
            }
        }
        return String(hash.finalize().hex.prefix(16))
    }
}

/// A journal in a folder of the user's.
public struct FolderJournal: TrainingJournal {
    private let folder: String

    /// - Throws: ``TrainingError/unwritable(path:reason:)`` where the folder cannot be made.
    public init(_ folder: String) throws(TrainingError) {
        self.folder = folder
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw .unwritable(path: folder, reason: error.localizedDescription)
        }
    }

    public func load(_ name: String) throws -> [UInt8]? {
        FileManager.default.contents(atPath: path(of: name)).map { [UInt8]($0) }
    }

    public func save(_ bytes: [UInt8], as name: String) throws {
        do {
            try Data(bytes).write(to: URL(filePath: path(of: name)), options: .atomic)
        } catch {
            throw TrainingError.unwritable(path: path(of: name), reason: error.localizedDescription)
        }
    }

    private func path(of name: String) -> String { "\(folder)/\(name)" }
}
