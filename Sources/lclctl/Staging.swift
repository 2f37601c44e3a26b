// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLJob

/// What is copied into the spool for a job: its manifest, and each picture under the name that the manifest gives it.
package struct Staging {
    package struct Copy: Equatable {
        package let from: String
        /// Relative to the job's directory.
        package let to: String
    }

    package let manifest: Manifest
    package let copies: [Copy]

    /// Paths that lie beneath the job already stay as they are; others get names of their own.
    package init(_ source: JobSource) {
        var places = Places(source: source)
        var manifest = source.manifest
        manifest.labels = source.manifest.labels.enumerated().map { i, label in
            Manifest.Label(name: label.name, support: label.support.map { places.place($0, in: "support/\(i + 1)") })
        }
        if case .list(let queries) = source.manifest.queries {
            manifest.queries = .list(queries.map { query in
                var query = query
                query.image = places.place(query.image, in: "queries")
                return query
            })
        }
        self.manifest = manifest
        copies = places.copies
    }

    private struct Places {
        let source: JobSource
        /// Whether every path may be kept.
        let keeps: Bool
        private(set) var copies: [Copy] = []
        private var taken: [String: String] = [:]
        private var used: Set<String> = []

        init(source: JobSource) {
            self.source = source
            keeps = source.paths.allSatisfy { ManifestPath.refusal(of: $0, rule: .beneath) == nil && !$0.hasPrefix("./") }
        }

        /// Where `file` goes; the same file asked for twice goes to one place.
        mutating func place(_ file: String, in folder: String) -> String {
            if let place = taken[file] { return place }
            let place = keeps ? file : fresh(file, in: folder)
            taken[file] = place
            used.insert(place)
            copies.append(Copy(from: source.location(of: file), to: place))
            return place
        }

        private func fresh(_ file: String, in folder: String) -> String {
            let name = Staging.safeName(file)
            var place = "\(folder)/\(name)", n = 2
            while used.contains(place) {
                place = "\(folder)/\(n)-\(name)"
                n += 1
            }
            return place
        }
    }

    /// The last component with control characters, and a dot that would hide it, replaced; 200 bytes at most.
    private static func safeName(_ file: String) -> String {
        var name = file.split(separator: "/").last.map(String.init) ?? ""
        name = String(String.UnicodeScalarView(name.unicodeScalars.map { $0.value < 32 || (127...159).contains($0.value) ? "_" : $0 }))
        if name.hasPrefix(".") { name = "_" + name.dropFirst() }
        while name.utf8.count > 200 { name.removeFirst() }
        return name.isEmpty ? "picture" : name
    }
}

extension JobSource {
    /// Every picture that the manifest names.
    package var paths: [String] {
        let supports = manifest.labels.flatMap(\.support)
        guard case .list(let queries) = manifest.queries else { return supports }
        return supports + queries.map(\.image)
    }
}
