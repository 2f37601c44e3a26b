// SPDX-License-Identifier: Apache-2.0
import Configuration
import Foundation
import LCLJob
import Logging

/// What the daemon goes by: flags over environment over file over the standard values, every value checked.
package struct Settings: Sendable, Equatable {
    package let values: [String: Value]

    package struct Value: Sendable, Equatable {
        package var text: String
        package var origin: String

        package init(text: String, origin: String) {
            self.text = text
            self.origin = origin
        }
    }

    /// Where values come from, strongest first.
    package struct Sources: Sendable {
        /// By key; from the command line.
        package var flags: [String: String]
        package var environment: [String: String]
        /// Path of the file; `nil` reads none.
        package var file: String?

        package init(flags: [String: String] = [:], environment: [String: String] = [:], file: String? = nil) {
            self.flags = flags
            self.environment = environment
            self.file = file
        }
    }

    /// - Throws: ``DaemonError/configuration(_:)`` with all that is wrong.
    package init(_ sources: Sources) throws(DaemonError) {
        var problems: [String] = []
        var layers: [(origin: String, provider: any ConfigProvider)] = [
            ("flag", InMemoryProvider(values: Self.content(sources.flags))),
            ("environment", Self.environment(sources.environment)),
        ]
        if let path = sources.file {
            let (content, mistakes) = SettingsFile.read(path)
            problems += mistakes
            layers.append((path, InMemoryProvider(values: content)))
        }
        var values: [String: Value] = [:]
        for key in ConfigurationKey.all {
            do throws(DaemonError) {
                values[key.name] = try Self.value(of: key, in: layers) ?? Value(text: key.standard, origin: "standard")
            } catch {
                if case .configuration(let lines) = error { problems += lines }
            }
        }
        problems += Self.strangers(in: sources.environment)
        guard problems.isEmpty else { throw .configuration(problems) }
        self.values = values
    }

    private static func content(_ flags: [String: String]) -> [AbsoluteConfigKey: ConfigValue] {
        Dictionary(uniqueKeysWithValues: flags.map { (Self.path($0.key), ConfigValue(.string($0.value), isSecret: false)) })
    }

    private static func environment(_ variables: [String: String]) -> any ConfigProvider {
        EnvironmentVariablesProvider(environmentVariables: variables).prefixKeys(with: "lcld")
    }

    static func path(_ key: String) -> AbsoluteConfigKey { AbsoluteConfigKey(key.split(separator: ".").map(String.init)) }

    private static func value(
        of key: ConfigurationKey, in layers: [(origin: String, provider: any ConfigProvider)]
    ) throws(DaemonError) -> Value? {
        for (origin, provider) in layers {
            let found: ConfigValue?
            do { found = try provider.value(forKey: path(key.name), type: .string).value } catch {
                throw .configuration(["\(key.name) (\(origin)): \(error)"])
            }
            guard case .string(let text) = found?.content else { continue }
            if let mistake = key.mistake(in: text) { throw .configuration(["\(key.name) (\(origin)) is '\(text)': write \(mistake)"]) }
            return Value(text: text, origin: origin)
        }
        return nil
    }

    /// Variables that look like ours and are not.
    private static func strangers(in environment: [String: String]) -> [String] {
        // LCLD_CONFIG names the file; LCLD_FAULT is for tests.
        let known = Set(ConfigurationKey.all.map(\.variable) + ["LCLD_CONFIG", "LCLD_FAULT"])
        return environment.keys.filter { $0.hasPrefix("LCLD_") && !known.contains($0) }.sorted().map {
            let name = $0.dropFirst(5).lowercased().replacing("_", with: ".")
            return "the variable \($0) is not known; did you mean \(ConfigurationKey.nearest(to: name).variable)?"
        }
    }

    /// These settings with the live ones of `new`, and the names of changed keys that wait for a restart.
    package func reloaded(from new: Settings) -> (settings: Settings, waiting: [String]) {
        var merged = values, waiting: [String] = []
        for key in ConfigurationKey.all where values[key.name]!.text != new.values[key.name]!.text {
            if key.isLive { merged[key.name] = new.values[key.name] } else { waiting.append(key.name) }
        }
        return (Settings(values: merged), waiting)
    }

    private init(values: [String: Value]) { self.values = values }
}

// MARK: - Typed access: a missing key or bad text is our bug, since everything was checked on the way in.

extension Settings {
    package func text(_ key: String) -> String { values[key]!.text }
    package func integer(_ key: String) -> Int { Int(text(key))! }
    package func duration(_ key: String) -> Duration { .seconds(Span.seconds(text(key))!) }
    package func texts(_ key: String) -> [String] { text(key).split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }

    package var workerCount: Int {
        let count = integer("workers.count")
        return count > 0 ? count : ProcessInfo.processInfo.activeProcessorCount
    }

    package var logLevel: Logger.Level { Logger.Level(rawValue: text("log.level"))! }
}

extension ConfigurationKey {
    /// `LCLD_WORKERS_COUNT` for `workers.count`.
    package var variable: String { "LCLD_" + name.uppercased().replacing(".", with: "_") }

    /// What to write instead of `text`, where it does not do.
    func mistake(in text: String) -> String? {
        switch kind {
        case .text, .texts: text.utf8.contains(where: { $0 < 32 }) ? "a text without control characters" : nil
        case .integer(let range): Int(text).map(range.contains) == true ? nil : "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .span: Span.seconds(text).map { $0 > 0 } == true ? nil : "a time such as 90s, 30m, 24h or 7d"
        case .choice(let choices): choices.contains(text) ? nil : "one of \(choices.joined(separator: ", "))"
        }
    }
}
