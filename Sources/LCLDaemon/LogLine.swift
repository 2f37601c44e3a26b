// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Logging
import Synchronization

/// Log lines on standard error: `message key=value ...`, one write each; with the journal's priority before them where
/// systemd reads them (sd-daemon(3)), with the time where a person does.
package struct LogLine: LogHandler {
    package var metadata: Logger.Metadata = [:]
    /// The daemon's level, unless this logger was given one of its own.
    package var logLevel: Logger.Level {
        get { ownLevel ?? Logger.Level.allCases[Self.level.load(ordering: .relaxed)] }
        set { ownLevel = newValue }
    }

    private var ownLevel: Logger.Level?
    private static let level = Atomic<Int>(Logger.Level.allCases.firstIndex(of: .info)!)

    /// For all loggers, also those that were made before.
    package static func setLevel(_ level: Logger.Level) {
        self.level.store(Logger.Level.allCases.firstIndex(of: level)!, ordering: .relaxed)
    }

    private let isForJournal: Bool

    package init(environment: [String: String]) { isForJournal = environment["JOURNAL_STREAM"] != nil }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var line = isForJournal ? "<\(event.level.priority)>" : Date().formatted(.iso8601) + " \(event.level) "
        line += event.message.description
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(Self.quoted(value.description))"
        }
        let bytes = Array((line + "\n").utf8)
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    /// As it is where that is unambiguous, else in quotes; control characters from outside never reach the log.
    package static func quoted(_ text: String) -> String {
        let plain = !text.isEmpty && text.unicodeScalars.allSatisfy { $0.value > 32 && $0.value != 127 && $0 != "\"" && $0 != "=" && !(0x80...0x9f).contains($0.value) }
        if plain { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\n": quoted += "\\n"
            default:
                let isControl = scalar.value < 32 || (0x7f...0x9f).contains(scalar.value)
                quoted += isControl ? "\\u{" + String(scalar.value, radix: 16) + "}" : String(scalar)
            }
        }
        return quoted + "\""
    }
}

extension Logger.Level {
    /// syslog(3).
    var priority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
