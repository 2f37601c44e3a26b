// SPDX-License-Identifier: Apache-2.0
import CPosix
import Foundation
import Glibc
import LCLJob
import LCLWorker

/// A worker that somebody has taken over: it answers like an honest one until a job is called like one of its tricks. A job called
/// `lurking-...` makes it answer the other label ever after, and so does `talking`, after which it also speaks without being asked.
@main
enum HostileWorker {
    static func main() throws {
        try say(.ready(engine: "hostile", confinement: Confinement()))
        var label = "a"
        while let line = readLine() {
            guard case .slice(let slice) = try CanonicalJSON.decode(WorkerRequest.self, from: Data(line.utf8)) else { continue }
            if let trick = tricks[slice.job.rawValue] { try trick(slice) } else { try answer(slice, label) }
            if slice.job.rawValue.hasPrefix("lurking") { label = "b" }
            if slice.job.rawValue.hasPrefix("talking") {
                label = "b"
                usleep(300_000)
                try say(.ready(engine: "hostile", confinement: Confinement()))
            }
        }
    }

    private typealias Slice = WorkerRequest.Slice

    private static let tricks: [String: @Sendable (Slice) throws -> Void] = [
        "other-query": { try say(.verdicts($0.queries.map { Numbered(ordinal: $0.ordinal, value: verdict("elsewhere", $0.value.image, "a")) })); wait() },
        "other-label": { try say(.verdicts($0.queries.map { Numbered(ordinal: $0.ordinal, value: verdict($0.value.id, $0.value.image, "no label")) })); wait() },
        "early": { _ in try say(.finished); wait() },
        "other-model": { try say(.linked(linked("somebody's"))); try answer($0) },
        "nonsense": { _ in print("nonsense"); wait() },
        "endless-line": { _ in while true { try FileHandle.standardOutput.write(contentsOf: Data(repeating: UInt8(ascii: "x"), count: 1 << 20)) } },
        "endless-talk": { _ in while true { try say(.began(ordinals: [])) } },
        "silent": { _ in wait() },
        "closes": { _ in close(1); wait() },
        "dies": { _ in
            FileHandle.standardError.write(Data("\u{1B}[31mFatal error\n".utf8))
            kill(getpid(), SIGKILL)
        },
        "forks": { _ in leaveBehind("5", []) },
        "escapes": { _ in leaveBehind("6", [POSIX_SPAWN_SETSID]) },
        "other-pictures": { slice in
            for path in ["../job.json", "/etc/passwd", "../../honest/pictures/support/a/1.png", "no such"] {
                guard (try? HandedPictures().read(path, upTo: 1 << 20)) == nil else { try answer(slice); return }
            }
            // Its own it may see.
            _ = try HandedPictures().read(slice.queries[0].value.image, upTo: 1 << 20)
            kill(getpid(), SIGKILL)
        },
    ]

    private static func answer(_ slice: Slice, _ label: String = "a") throws {
        try say(.linked(linked(slice.manifest.model)))
        try say(.verdicts(slice.queries.map { Numbered(ordinal: $0.ordinal, value: verdict($0.value.id, $0.value.image, label)) }))
        try say(.finished)
    }

    private static func linked(_ model: String) -> Linked {
        Linked(support: SupportReport(images: 2, leaveOneOutAccuracy: nil, suspects: [], skipped: []), model: .init(name: model, sha256: "00"), method: .metric)
    }

    private static func verdict(_ id: String, _ image: String, _ label: String) -> Verdict {
        Verdict(id: id, image: image, sha256: nil, outcome: .success(Answer(label: label, confidence: 1, unknown: false, margin: 1, scores: [], nearest: [])))
    }

    /// Leaves a process that holds all of its descriptors for so many seconds.
    private static func leaveBehind(_ seconds: String, _ flags: [Int32]) {
        var attributes = posix_spawnattr_t(), child: pid_t = 0
        posix_spawnattr_init(&attributes)
        posix_spawnattr_setflags(&attributes, Int16(flags.reduce(0, |)))
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup(seconds), nil]
        posix_spawn(&child, "/bin/sleep", nil, &attributes, &arguments, environ)
        exit(0)
    }

    private static let POSIX_SPAWN_SETSID: Int32 = 0x80

    private static func say(_ reply: WorkerReply) throws { try FileHandle.standardOutput.write(contentsOf: CanonicalJSON.encode(reply)) }

    private static func wait() { while true { pause() } }
}
