// SPDX-License-Identifier: Apache-2.0
import CPosix
import Foundation
import LCLDaemon
import LCLJob
import LCLWorker
import Synchronization
import Testing

struct WorkerProcessTests {
    /// More replies than may wait, then no more.
    private static let talker = ["/bin/sh", "-c", #"yes '{"finished":{}}' | head -n 500"#]

    @Test func replies_waitInTheWorker_whenNobodyHandlesThem() async throws {
        let delivered = Atomic<Int>(0)
        let (events, inbox) = AsyncStream.makeStream(of: WorkerProcess.Event.self)
        let process = try WorkerProcess(Self.talker) { event in
            if case .replied = event { delivered.add(1, ordering: .relaxed) }
            inbox.yield(event)
        }
        var handled = 0, lead = 0
        for await event in events {
            if case .ended = event { break }
            // Slower than the worker's thread reads.
            for _ in 0..<10 { _ = try CanonicalJSON.encode(WorkerReply.began(ordinals: Array(0..<100))) }
            lead = max(lead, delivered.load(ordering: .relaxed) - handled)
            handled += 1
            process.handled()
        }
        #expect(handled == 500)
        #expect(lead <= WorkerProcess.window)
    }

    @Test func worker_isEnded_whenItTalksNonsense() async throws {
        let (events, inbox) = AsyncStream.makeStream(of: WorkerProcess.Event.self)
        let process = try WorkerProcess(["/bin/sh", "-c", "echo nonsense; exec cat"]) { inbox.yield($0) }
        var cause = ""
        for await event in events {
            guard case .ended(let why, _) = event else { continue }
            cause = why
            break
        }
        #expect(cause.contains("worker \(process.pid) was ended by signal 9"))
    }

    @Test func worker_hasNothingThatTheDaemonHasOpen() async throws {
        // Not closed on exec.
        let mine = fcntl(0, F_DUPFD, 100)
        defer { close(mine) }
        let (events, inbox) = AsyncStream.makeStream(of: WorkerProcess.Event.self)
        let look = "for it in 3 \(mine); do test -e /proc/$$/fd/$it && echo has $it; done >&2; exit 7"
        _ = try WorkerProcess(["/bin/sh", "-c", look]) { inbox.yield($0) }
        for await case .ended(let cause, _) in events {
            #expect(mine >= 100 && cause.hasSuffix("exited with status 7, saying 'has 3'"), "\(cause)")
            break
        }
    }

    @Test func worker_canDoNothingThatItMustNot() throws {
        let settings = try Settings(.init()), version = cposix_landlock_version()
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "lcld").path
        let check = try WorkerCheck.run(settings, program: program)
        #expect(check.breaches == [] || !check.confinement.missing.isEmpty)
        #expect(check.confinement.active.contains("landlock \(version)") == (version > 0))
        #expect(check.confinement.active.contains("capabilities"))
    }

    /// Not even in a training, whose link file a worker that was taken over could copy from another user's.
    @Test func worker_cannotReadOthersModels_onceItServesSomebody() async throws {
        let place = try TrainedModels(), his = ModelDepotTests.owner, version = cposix_landlock_version()
        for (name, uid) in [("his", his), ("hers", ModelDepotTests.other)] { try place.train(name, for: uid) }
        try place.train("everybodys", for: 0, shared: true)
        mkdir(place.root + "/training", 0o700)  // without features, so nothing is learned
        let program = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "lcld").path
        let limits = ["--memory", "0", "--picture-bytes", "1000", "--pixels", "1000", "--side", "10", "--aspect", "10"]
        let (events, inbox) = AsyncStream.makeStream(of: WorkerProcess.Event.self)
        let process = try WorkerProcess([program, "worker"] + limits + ["--trained", place.home]) { inbox.yield($0) }
        func fit(_ model: String) -> WorkerRequest { .fit(.init(job: JobID("job")!, manifest: ModelDepotTests.training("new", shared: false, from: model), unusable: [])) }
        var breaches: [String]?, linked: [String] = [], end: (String, JobRun.Death)?
        loop: for await event in events {
            switch event {
            case .replied(.ready): for request in [.serve(his), .probe, fit("his"), fit("everybodys"), fit("default"), fit("hers")] { process.send(request, pictures: .init(place.root, training: true)) }
            case .replied(.probed(let found)): breaches = found
            case .replied(.linked(let report)): linked.append(report.model.name)
            case .replied: break
            case .ended(let cause, let death):
                end = (cause, death)
                break loop
            }
            if case .replied = event { process.handled() }
        }
        #expect(breaches == [] || version < 0)
        #expect(linked == ["his", "everybodys", "default"])
        #expect(end?.1 == .outdated, "\(end?.0 ?? "")")
    }

    @Test func check_tellsWhatIsPossible_whereAWorkerIsNotConfined() throws {
        let settings = try Settings(.init())
        #expect(throws: DaemonError.self) { try WorkerCheck.run(settings, program: "/bin/true") }
        var check = WorkerCheck()
        check.breaches = ["fork"]
        #expect(check.text.contains("POSSIBLE     fork"))
    }
}
