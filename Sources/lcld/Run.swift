// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLDaemon
import Logging

extension LCLD {
    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Run the daemon (the default).")

        @OptionGroup var flags: SettingFlags

        func run() async throws {
            let settings = try flags.settings()
            let environment = ProcessInfo.processInfo.environment
            LoggingSystem.bootstrap { _ in LogLine(environment: environment) }
            LogLine.setLevel(settings.logLevel)
            let logger = Logger(label: "lcld")
            do {
                try await Daemon(settings: settings, sources: flags.sources, program: Self.executable, logger: logger).run()
            } catch {
                logger.critical("lcld cannot go on", metadata: ["error": "\(error)"])
                throw ExitCode.failure
            }
        }

        /// This very program, whatever it was called by.
        static var executable: String {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        }
    }
}
