// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLJob

/// A job made of files that lie about: `--label NAME=GLOB ... --queries GLOB`.
package enum LooseFiles {
    /// `NAME=GLOB`.
    package struct LabelArgument: Equatable {
        package let name: String
        package let pattern: String

        package init?(_ text: String) {
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex, text.index(after: equals) != text.endIndex else { return nil }
            name = String(text[..<equals])
            pattern = String(text[text.index(after: equals)...])
        }
    }

    /// Labels of the same name are put together, in the order in which they are first named.
    package static func source(labels: [LabelArgument], queries: [String]) -> Result<JobSource, Problems> {
        var problems: [Failure] = [], supports: [(name: String, files: [String])] = []
        for label in labels {
            let files = expand(label.pattern, &problems)
            if files.isEmpty { problems.append(Failure(.supportEmpty, "no file fits '\(label.pattern)' of label '\(label.name)'", subject: label.pattern)) }
            if let i = supports.firstIndex(where: { $0.name == label.name }) { supports[i].files += files } else { supports.append((label.name, files)) }
        }
        var images: [String] = []
        for pattern in queries {
            let files = expand(pattern, &problems)
            if files.isEmpty { problems.append(Failure(.queriesEmpty, "no file fits '\(pattern)' of the queries", subject: pattern)) }
            images += files
        }
        guard problems.isEmpty else { return .failure(Problems(problems)) }
        let manifest = Manifest(
            labels: supports.map { .init(name: $0.name, support: unique($0.files)) },
            queries: .list(zip(ids(of: unique(images)), unique(images)).map { .init(id: $0, image: $1) }))
        return .success(JobSource(manifest: manifest, root: "."))
    }

    /// The files that fit a shell pattern, or lie in the folder that it names, sorted; see glob(7).
    static func expand(_ pattern: String, _ problems: inout [Failure]) -> [String] {
        var matches = glob_t()
        defer { globfree(&matches) }
        guard glob(pattern, GLOB_TILDE | GLOB_BRACE, nil, &matches) == 0 else { return [] }
        var files: [String] = []
        for path in (0..<Int(matches.gl_pathc)).compactMap({ matches.gl_pathv[$0].map { String(cString: $0) } }) {
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
                files.append(path)
                continue
            }
            let found = JobSource.files(in: path)
            problems += found.problems
            files += found.files.filter { !ManifestPath.isIgnored($0) }.sorted().map { "\(path)/\($0)" }
        }
        return files
    }

    private static func unique(_ files: [String]) -> [String] {
        var seen: Set<String> = []
        return files.filter { seen.insert($0).inserted }
    }

    /// The files' names where these differ, or else their paths.
    static func ids(of files: [String]) -> [String] {
        let names = files.map { $0.split(separator: "/").last.map(String.init) ?? $0 }
        return Set(names).count == names.count ? names : files
    }
}
