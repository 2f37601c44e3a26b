// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLDaemon

/// The settings that have a flag.
struct SettingFlags: ParsableArguments {
    @Option(help: ArgumentHelp("Configuration file.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Spool directory.", valueName: "directory"))
    var spool: String?

    @Option(help: ArgumentHelp("Directory of the database.", valueName: "directory"))
    var state: String?

    @Option(help: ArgumentHelp("Control socket.", valueName: "path"))
    var socket: String?

    @Option(help: ArgumentHelp("Directory of models.", valueName: "directory"))
    var models: String?

    @Option(help: ArgumentHelp("Worker processes; 0 is one for each core.", valueName: "count"))
    var workers: Int?

    @Option(help: ArgumentHelp("Least serious line to log: trace, debug, info, notice, warning, error.", valueName: "level"))
    var logLevel: String?

    static let standardFile = "/etc/lcld/lcld.json"

    var sources: Settings.Sources {
        let environment = ProcessInfo.processInfo.environment
        let flags = [
            "spool": spool, "state": state, "socket": socket, "models": models, "workers.count": workers.map(String.init),
            "log.level": logLevel,
        ].compactMapValues { $0 }
        let standard = FileManager.default.fileExists(atPath: Self.standardFile) ? Self.standardFile : nil
        return Settings.Sources(flags: flags, environment: environment, file: config ?? environment["LCLD_CONFIG"] ?? standard)
    }

    /// The settings, or the end with status 78 (EX_CONFIG) and every mistake on standard error.
    func settings() throws -> Settings {
        do throws(DaemonError) {
            return try Settings(sources)
        } catch {
            FileHandle.standardError.write(Data("lcld: \(error)\n".utf8))
            throw ExitCode(78)
        }
    }
}
