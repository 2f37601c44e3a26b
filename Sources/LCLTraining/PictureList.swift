// SPDX-License-Identifier: Apache-2.0
import Foundation

extension PictureTree {
    /// Most bytes of a list.
    static let largestList = 64 << 20

    /// The pictures that a CSV file (RFC 4180) names: its first line is `path,class` or `path,class,source`, paths are from
    /// the list's own folder. Classes come in the order of their names.
    /// - Throws: ``TrainingError/unreadable(path:reason:)``, ``TrainingError/list(path:line:reason:)``.
    public init(list path: String) throws(TrainingError) {
        let folder = (path as NSString).deletingLastPathComponent
        let root = folder.isEmpty ? "." : folder
        var pictures: [Key: [String]] = [:], columns = 0
        for (number, fields) in try Self.records(path) {
            if columns == 0 {
                guard [["path", "class"], ["path", "class", "source"]].contains(fields) else {
                    throw .list(path: path, line: number, reason: "the first line is not path,class or path,class,source")
                }
                columns = fields.count
                continue
            }
            guard fields.count == columns, !fields.contains("") else {
                throw .list(path: path, line: number, reason: "it does not have \(columns) fields with text in them")
            }
            let key = Key(source: columns == 3 ? fields[2] : "", name: fields[1])
            pictures[key, default: []].append(fields[0].hasPrefix("/") ? fields[0] : "\(root)/\(fields[0])")
        }
        guard !pictures.isEmpty else { throw .list(path: path, line: 1, reason: "it names no picture") }
        let keys = pictures.keys.sorted { ($0.source, $0.name) < ($1.source, $1.name) }
        self.init(root: root, classes: keys.map { Class(source: $0.source, name: $0.name, pictures: pictures[$0]!) })
    }

    private struct Key: Hashable {
        let source: String
        let name: String
    }

    /// The fields of each record that is not empty, with the line it begins on.
    private static func records(_ path: String) throws(TrainingError) -> [(line: Int, fields: [String])] {
        let text: String
        do {
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            guard size <= largestList else { throw TrainingError.unreadable(path: path, reason: "it has more than 64 MiB") }
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw error as? TrainingError ?? .unreadable(path: path, reason: error.localizedDescription)
        }
        var records: [(Int, [String])] = [], fields: [String] = [], field = "", quoted = false, line = 1, start = 1
        func endRecord() {
            fields.append(field)
            if fields != [""] { records.append((start, fields)) }
            (fields, field, start) = ([], "", line + 1)
        }
        var rest = Substring(text)
        while let character = rest.popFirst() {
            switch character {
            case "\"" where quoted && rest.first == "\"": field.append(rest.removeFirst())
            case "\"": quoted.toggle()
            case "," where !quoted:
                fields.append(field)
                field = ""
            case "\n", "\r\n", "\r":
                if quoted { field.append(character) } else { endRecord() }
                line += 1
            default: field.append(character)
            }
        }
        guard !quoted else { throw .list(path: path, line: start, reason: "a quotation mark is not closed") }
        endRecord()
        return records
    }
}
