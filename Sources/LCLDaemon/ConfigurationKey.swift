// SPDX-License-Identifier: Apache-2.0

/// Every key of the configuration, in one table: what is read, checked, printed by `lcld config` and documented.
package struct ConfigurationKey: Sendable {
    package enum Kind: Sendable {
        case text
        case texts
        case integer(ClosedRange<Int>)
        /// Such as `90s`, `30m`, `24h`, `7d`.
        case span
        case choice([String])
    }

    package let name: String
    package let kind: Kind
    /// As the file would say it.
    package let standard: String
    /// Taken over on SIGHUP; the others need a restart.
    package let isLive: Bool
    package let summary: String

    private init(_ name: String, _ kind: Kind, _ standard: String, live: Bool = false, _ summary: String) {
        self.name = name
        self.kind = kind
        self.standard = standard
        self.isLive = live
        self.summary = summary
    }

    package static let all: [ConfigurationKey] = [
        .init("spool", .text, "/var/spool/lcld", "directory where jobs come in and results go out"),
        .init("state", .text, "/var/lib/lcld", "directory of the database"),
        .init("socket", .text, "/run/lcld/control.sock", "the control socket"),
        .init("models", .text, "", "directory of models; empty is the usual search path"),
        .init("workers.count", .integer(0...256), "0", live: true, "worker processes; 0 is one for each core"),
        .init("workers.attempts", .integer(1...100), "3", live: true, "attempts in a row that may end with the death of the job's workers or of lcld before it is set aside; one of which something was kept is the first again"),
        .init("workers.deadline", .span, "60s", live: true, "how long a worker may be silent before it is killed"),
        .init("workers.memory", .integer(0...1_048_576), "2048", live: true, "MiB of data a worker may allocate; 0 is no limit"),
        .init("intake.scan", .span, "2s", "how often incoming/ is looked through, whatever inotify says"),
        .init("intake.settle", .span, "1s", "how long a job copied into incoming/ must lie still before it is taken"),
        .init("intake.folders", .texts, "", "folders that the pictures of a bare NAME.json may lie in"),
        .init("limits.job", .integer(1...1_048_576), "4096", "MiB of all pictures of a job"),
        .init("limits.picture", .integer(1...64), "64", "MiB of one picture file"),
        .init("limits.megapixels", .integer(1...1000), "50", "million pixels of one picture"),
        .init("limits.side", .integer(16...65_535), "16384", "pixels along the longer side of a picture"),
        .init("limits.aspect", .integer(1...10_000), "64", "longer side of a picture over its shorter one"),
        .init("disk.low", .integer(0...1_048_576), "64", live: true, "MiB free on the disks of spool and state below which no work begins; 0 looks at no mark"),
        .init("disk.resume", .integer(0...1_048_576), "128", live: true, "MiB free from which it goes on"),
        .init("disk.inodes", .integer(0...1_000_000_000), "1000", live: true, "free inodes below which no work begins; from twice as many it goes on"),
        .init("quota.jobs", .integer(0...1_000_000_000), "0", live: true, "jobs that a user may have under way; 0 is no bound, and root has none"),
        .init("quota.bytes", .integer(0...1_073_741_824), "0", live: true, "MiB of pictures of a user's jobs under way; 0 is no bound"),
        .init("quota.queries", .integer(0...1_000_000_000), "0", live: true, "queries of a user's jobs under way; 0 is no bound"),
        .init("quota.models", .integer(0...1_000_000), "0", live: true, "models that a user's trainings have made; 0 is no bound"),
        .init("retention.age", .span, "30d", live: true, "how long finished jobs are kept"),
        .init("retention.size", .integer(1...1_048_576), "10240", live: true, "MiB of finished jobs kept; the oldest of the user with most go first"),
        .init("retention.interval", .span, "10m", "how often finished jobs are looked through"),
        .init("log.level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), "info", live: true, "least serious line to log"),
    ]

    package static func named(_ name: String) -> ConfigurationKey? { all.first { $0.name == name } }

    /// The key that a mistyped one most likely means.
    package static func nearest(to name: String) -> ConfigurationKey {
        all.min { distance($0.name, name) < distance($1.name, name) }!
    }

    /// Insertions, deletions and replacements between two words (Levenshtein 1966).
    private static func distance(_ a: String, _ b: String) -> Int {
        let b = Array(b.utf8.prefix(64))
        var row = Array(0...b.count)
        for (i, x) in a.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, y) in b.enumerated() {
                (row[j + 1], diagonal) = (min(row[j + 1] + 1, row[j] + 1, diagonal + (x == y ? 0 : 1)), row[j + 1])
            }
        }
        return row[b.count]
    }
}
