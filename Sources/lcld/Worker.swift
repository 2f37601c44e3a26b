// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import LCLImage
import LCLWorker

extension LCLD {
    /// One worker process: started by the daemon, and of no use to a person.
    struct Worker: ParsableCommand {
        static let configuration = CommandConfiguration(commandName: "lcld worker", abstract: "One worker of the daemon.", shouldDisplay: false)

        @Option var models: String?
        @Option var trained: String?
        /// MiB; 0 is no limit.
        @Option var memory = 0
        @Option var pictureBytes = ImageLimits().bytes
        @Option var pixels = ImageLimits().pixels
        @Option var side = ImageLimits().side
        @Option var aspect = ImageLimits().aspect

        func run() throws {
            var limits = ImageLimits()
            limits.bytes = pictureBytes
            limits.pixels = pixels
            limits.side = side
            limits.aspect = aspect
            try WorkerStreams.run(models: models, trained: trained, limits: limits, memory: memory << 20)
        }
    }
}
