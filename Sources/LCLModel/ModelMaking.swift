// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLDigest

extension ModelDirectory {
    /// Makes the directory `name` in `directory`: the files, then the card that names them with their digests. A directory without
    /// its card is no model, so a model appears whole.
    /// - Parameters:
    ///   - files: paths; each keeps its name, also where it is a symbolic link.
    ///   - linking: hard links instead of copies, which everybody may read.
    /// - Throws: ``ModelError``; what was begun is removed.
    public static func make(
        _ name: String, in directory: String, description: String, licence: String, language: LanguageCard, of files: [String], linking: Bool
    ) throws(ModelError) -> ModelDirectory {
        guard ModelName.isValid(name) else { throw ModelError(.badName, file: name, ModelName.rule) }
        let path = directory + "/" + name
        guard !FileManager.default.fileExists(atPath: path) else {
            throw ModelError(.unreadable, file: path, "there is something of this name already; remove it, or choose another name")
        }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            var digests: [String: String] = [:]
            for file in files {
                let name = URL(filePath: file).lastPathComponent, copy = path + "/" + name
                guard ModelName.isValid(name) else { throw ModelError(.badName, file: file, ModelName.rule) }
                // Caches of downloads hold links.
                let source = URL(filePath: file).resolvingSymlinksInPath().path
                if linking {
                    try FileManager.default.linkItem(atPath: source, toPath: copy)
                } else {
                    try FileManager.default.copyItem(atPath: source, toPath: copy)
                    // The daemon is another user.
                    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: copy)
                }
                digests[name] = try MappedFile(path: copy).digest().hex
            }
            let card = ModelCard(name: name, description: description, licence: licence, files: digests, language: language)
            try card.encoded().write(to: URL(filePath: path + "/" + ModelCard.fileName), options: .atomic)
            return try ModelDirectory(path: path)
        } catch {
            try? FileManager.default.removeItem(atPath: path)
            throw error as? ModelError ?? ModelError(.unreadable, file: path, "the model cannot be made there: \(error.localizedDescription)")
        }
    }
}
