// SPDX-License-Identifier: Apache-2.0
import Configuration
import Foundation
import LCLJob

/// The configuration file: one JSON object, sections as objects. A key that is not in the table is a mistake, not a comment.
enum SettingsFile {
    private static let maximumBytes = 1 << 20

    /// What the file says, and everything that is wrong with it.
    static func read(_ path: String) -> (content: [AbsoluteConfigKey: ConfigValue], problems: [String]) {
        guard let data = FileManager.default.contents(atPath: path) else {
            return ([:], ["unable to read '\(path)': is it there, and readable?"])
        }
        guard data.count <= maximumBytes else { return ([:], ["'\(path)' has \(data.count) bytes: that is no configuration"]) }
        do throws(Failure) {
            var flat: [String: JSONValue] = [:]
            guard case .object(let top) = try JSONValue(parsing: data) else { return ([:], ["'\(path)' is no JSON object"]) }
            flatten(top, "", into: &flat)
            return check(flat, path)
        } catch {
            return ([:], ["'\(path)': \(error.message)"])
        }
    }

    private static func flatten(_ object: [String: JSONValue], _ prefix: String, into flat: inout [String: JSONValue]) {
        for (key, value) in object {
            if case .object(let section) = value, !section.isEmpty {
                flatten(section, prefix + key + ".", into: &flat)
            } else {
                flat[prefix + key] = value
            }
        }
    }

    private static func check(_ flat: [String: JSONValue], _ path: String) -> ([AbsoluteConfigKey: ConfigValue], [String]) {
        var content: [AbsoluteConfigKey: ConfigValue] = [:], problems: [String] = []
        for (key, value) in flat.sorted(by: { $0.key < $1.key }) {
            if ConfigurationKey.named(key) == nil {
                problems.append("'\(key)' in '\(path)' is no key; did you mean '\(ConfigurationKey.nearest(to: key).name)'?")
            } else if let text = text(of: value) {
                content[Settings.path(key)] = ConfigValue(.string(text), isSecret: false)
            } else {
                problems.append("'\(key)' in '\(path)' is \(value.kind); write a text, a number or a list of texts")
            }
        }
        return (content, problems)
    }

    private static func text(of value: JSONValue) -> String? {
        switch value {
        case .string(let text): return text
        case .number(let number): return Int(exactly: number).map(String.init)
        case .array(let items):
            let texts = items.compactMap { if case .string(let text) = $0, !text.contains(",") { text } else { nil } }
            return texts.count == items.count ? texts.joined(separator: ",") : nil
        default: return nil
        }
    }
}
