// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob

/// A job that is one file, `NAME.json`: its pictures are named by absolute paths, in folders that the configuration allows.
struct BareManifest {
    private let folders: [JobDirectory]

    /// - Parameter allowed: absolute paths; one that cannot be opened is left out, so its pictures are answered as outside.
    init(allowed: [String], submitter: UInt32) {
        folders = allowed.compactMap { folder in try? JobDirectory(path: Self.trimmed(folder), submitter: submitter) }
    }

    func contents(_ text: [UInt8]) throws(Refusal) -> Result<JobContents, Problems> {
        let manifest = Manifest.read(Data(text), paths: .absolute)
        guard case .success(let read) = manifest else { return manifest.map { JobContents(manifest: $0) } }
        var found: [Listing] = [], seen: Set<String> = [], files = Listing.maximumFiles, bytes = Listing.maximumBytes
        for pattern in read.patterns {
            guard let (folder, rest) = place(of: Self.trimmed(pattern)) else { return .failure(Problems(Self.outside(pattern))) }
            // Only the part of a glob before its first special character says where to look.
            let whole = rest.split(separator: "/"), plain = whole.prefix { !Glob.isPattern(String($0)) }
            let place = plain.joined(separator: "/")
            guard seen.insert(folder.path + "/" + place).inserted else { continue }
            let listing = try Listing(folder, folder: place, limit: files, bytes: bytes).prefixed(folder.path)
            (files, bytes) = (files - listing.files.count, bytes - listing.bytes)
            found.append(listing)
        }
        return try resolved(manifest) { () throws(Refusal) in Listing(joining: found) }
    }

    func withPicture<T>(_ file: String, upTo limit: Int, _ body: (borrowing Descriptor, Int) throws(Refusal) -> T) throws(Refusal) -> T {
        guard let (folder, rest) = place(of: file) else { throw .picture(Self.outside(file)) }
        return try folder.withPicture(rest, upTo: limit, body)
    }

    /// The allowed folder that `path` lies in, and the path from there.
    private func place(of path: String) -> (JobDirectory, String)? {
        for folder in folders where path == folder.path || path.hasPrefix(folder.path + "/") {
            return (folder, String(path.dropFirst(folder.path.count + 1)))
        }
        return nil
    }

    private static func outside(_ path: String) -> Failure {
        Failure(.imageOutside, "'\(path)' is in no folder that the configuration allows; submit a directory with a copy instead", subject: path)
    }

    private static func trimmed(_ path: String) -> String {
        var path = path[...]
        while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
        return String(path)
    }
}

extension Manifest {
    /// The same with every path made relative, as the snapshot keeps the pictures: `/data/a.jpg` is `data/a.jpg`. Ids stay.
    package func relative() -> Manifest {
        func relative(_ path: String) -> String { String(path.drop { $0 == "/" }) }
        var copy = self
        for i in copy.labels.indices {
            copy.labels[i].support = copy.labels[i].support.map(relative)
            copy.labels[i].pattern = copy.labels[i].pattern.map(relative)
        }
        copy.archive = archive.map(relative)
        if case .list(let queries) = copy.queries {
            copy.queries = .list(queries.map { Query(id: $0.id, image: relative($0.image), expected: $0.expected) })
        }
        return copy
    }

    /// Every picture that the manifest names, supports first.
    var pictures: [String] {
        guard case .list(let queries) = queries, patterns.isEmpty else { preconditionFailure("the queries were resolved before") }
        return labels.flatMap(\.support) + queries.map(\.image)
    }
}
