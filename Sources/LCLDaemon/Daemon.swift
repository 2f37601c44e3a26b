// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLControl
import LCLJob
import LCLModel
import LCLSpool
import LCLStore
import Logging
import ServiceLifecycle
import UnixSignals

/// The daemon, put together: everything it owns, in the order in which it comes up; it goes down the other way round.
package struct Daemon: Sendable {
    private let settings: Settings
    private let sources: Settings.Sources
    private let program: String
    private let logger: Logger

    /// - Parameter program: path of `lcld`, which workers are started from.
    package init(settings: Settings, sources: Settings.Sources, program: String, logger: Logger) {
        self.settings = settings
        self.sources = sources
        self.program = program
        self.logger = logger
    }

    /// Until SIGTERM or SIGINT.
    /// - Throws: ``SpoolError``, ``StoreError``, ``ControlError`` where something it needs is missing or in use.
    package func run() async throws {
        let notifier = Notifier(environment: ProcessInfo.processInfo.environment)
        let spool = Spool(root: settings.text("spool"))
        try spool.prepare()
        let lock = try SpoolLock(spool)
        defer { withExtendedLifetime(lock) {} }
        let state = settings.text("state")
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
        if let kind = try Filesystem.networkKind(of: state) { throw DaemonError.networkFilesystem(path: state, kind: kind) }
        if let kind = try Filesystem.networkKind(of: spool.root) {
            logger.warning(
                "the spool is on a network filesystem: other machines' jobs are found by scans only, and users' jobs need lcld's group (see 'A spool on NFS' in the README)",
                metadata: ["kind": "\(kind)"])
        }
        let store = try await openStore(state + "/lcld.db")
        let attempts = Live(settings.integer("workers.attempts")), retention = Live(settings.retention), quota = Live(settings.quota)
        let gauge = DiskGauge(paths: [spool.root, state], marks: settings.diskMarks, logger: logger), door = Live<Waiting?>(nil)
        gauge.look()
        let disk = DiskQueue("lcld.disk", concurrent: true)
        let depot = ModelDepot(home: settings.trainedModels, searchPath: settings.modelPath, most: { quota.value.models })
        try depot.prepare()
        let ledger = Ledger(store: store, spool: spool, disk: disk, attempts: attempts, gauge: gauge, depot: depot, logger: logger)
        let recovery = Recovery(spool: spool, store: store, ledger: ledger, attempts: attempts.value, logger: logger), left = try await recovery.run()

        let hub = ProgressHub()
        let scheduler = Scheduler(ledger: ledger, hub: hub, gauge: gauge, terms: settings.terms(program), logger: logger)
        if let mode = try await store.fact("mode").flatMap(DaemonStatus.Mode.init) { await scheduler.set(mode) }
        let control = ControlService(
            store: store, spool: spool, disk: disk, ledger: ledger, scheduler: scheduler, hub: hub, gauge: gauge, door: door, quota: quota,
            models: settings.modelPath, started: Date())
        let services: [(String, any Service)] = [
            ("control", ControlServer(socket: settings.text("socket"), backend: control, logger: logger) { notifier.send(.ready) }),
            ("intake", intake(spool, store, scheduler, disk, gauge, quota, door, ledger, depot)),
            ("housekeeping", Housekeeping(
                store: store, spool: spool, disk: disk, ledger: ledger, hub: hub, gauge: gauge, retention: retention,
                interval: settings.duration("retention.interval"), resumed: { await scheduler.wake() }, notifier: notifier,
                logger: logger)),
            ("reload", Reload(
                settings: Live(settings), sources: sources, notifier: notifier, logger: logger,
                apply: { [program] new in
                    attempts.value = new.integer("workers.attempts")
                    retention.value = new.retention
                    quota.value = new.quota
                    gauge.marks.value = new.diskMarks
                    await scheduler.apply(new.terms(program))
                })),
            ("watchdog", Watchdog(notifier: notifier, scheduler: scheduler)),
            // The last is stopped first: batches under way have all the time there is, whatever the others are in the middle of.
            ("scheduler", scheduler),
        ]
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $1, serviceName: $0) }, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(19)
        do { _ = try ModelDirectory.find("default", in: settings.modelPath) } catch {
            logger.warning("the default model cannot be used", metadata: ["error": "\(error)"])
        }
        logger.notice("lcld starts", metadata: ["spool": "\(spool.root)", "workers": "\(settings.workerCount)"])
        let late = Task { await recovery.insertLeft(left) { await scheduler.wake() } }
        defer { late.cancel() }
        try await ServiceGroup(configuration: configuration).run()
        try? await store.foldLog()
        logger.notice("lcld stopped")
    }

    /// The database, made anew from the spool where it is damaged.
    private func openStore(_ path: String) async throws -> JobStore {
        let (store, setAside) = try JobStore.openOrRebuild(path: path, stamp: .now())
        if let setAside {
            logger.error("the database was damaged: it is rebuilt from the spool", metadata: ["error": "\(setAside.why)", "aside": "\(setAside.path)"])
            try await store.note("rebuild", actor: "lcld", at: .now(), detail: "the database was damaged (\(setAside.why)) and is set aside as \(setAside.path)")
        }
        return store
    }

    private func intake(
        _ spool: Spool, _ store: JobStore, _ scheduler: Scheduler, _ disk: DiskQueue, _ gauge: DiskGauge, _ quota: Live<Quota>,
        _ door: Live<Waiting?>, _ ledger: Ledger, _ depot: ModelDepot
    ) -> IntakeService {
        var limits = Intake.Limits()
        limits.pictureBytes = settings.integer("limits.picture") << 20
        limits.jobBytes = settings.integer("limits.job") << 20
        limits.reserve = { (gauge.marks.value.low, gauge.marks.value.inodes) }
        return IntakeService(
            spool: spool, store: store, intake: Intake(
                spool: spool, limits: limits, allowedFolders: settings.texts("intake.folders"), admit: { depot.refusal(of: $0, for: $1) }),
            disk: disk, scan: settings.duration("intake.scan"), settle: settings.duration("intake.settle"),
            quota: quota, door: door, ledger: ledger,
            isOpen: { await scheduler.currentMode != .draining && gauge.isOpen }, accepted: { await scheduler.wake() }, logger: logger, attempts: TakeAttempts(store: store))
    }
}

extension Settings {
    var modelsDirectory: String? { text("models").isEmpty ? nil : text("models") }

    /// Where trainings put the models that they make.
    var trainedModels: String { text("state") + "/models" }

    var modelPath: [String] { ModelDirectory.searchPath(explicit: modelsDirectory, trained: trainedModels) }

    var retention: Retention {
        Retention(maximumAge: Int(duration("retention.age").components.seconds), maximumBytes: integer("retention.size") << 20)
    }

    var quota: Quota { Quota(jobs: integer("quota.jobs"), bytes: integer("quota.bytes") << 20, queries: integer("quota.queries"), models: integer("quota.models")) }

    var diskMarks: DiskRoom.Marks {
        .init(low: integer("disk.low") << 20, resume: integer("disk.resume") << 20, inodes: integer("disk.inodes"))
    }

    /// How workers are started by the program `lcld` at this path.
    func terms(_ program: String) -> Scheduler.Terms {
        var command = [
            program, "worker", "--memory", text("workers.memory"), "--picture-bytes", String(integer("limits.picture") << 20),
            "--pixels", String(integer("limits.megapixels") * 1_000_000), "--side", text("limits.side"), "--aspect", text("limits.aspect"),
        ]
        command += ["--trained", trainedModels]
        if let modelsDirectory { command += ["--models", modelsDirectory] }
        return Scheduler.Terms(command: command, workers: workerCount, deadline: duration("workers.deadline"))
    }
}

/// SIGHUP: reads the configuration again. What may change while the daemon runs does; a mistake is logged and nothing changes.
struct Reload: Service {
    let settings: Live<Settings>
    let sources: Settings.Sources
    let notifier: Notifier
    let logger: Logger
    let apply: @Sendable (Settings) async -> Void

    func run() async throws {
        let signals = await UnixSignalsSequence(trapping: .sighup)
        for await _ in signals.cancelOnGracefulShutdown() {
            notifier.send(.reloading(microseconds: DispatchTime.now().uptimeNanoseconds / 1000))
            await reload()
            notifier.send(.ready)
        }
    }

    private func reload() async {
        do throws(DaemonError) {
            let (new, waiting) = settings.value.reloaded(from: try Settings(sources))
            settings.value = new
            await apply(new)
            LogLine.setLevel(new.logLevel)
            logger.notice("configuration reloaded", metadata: ["restart": "\(waiting.isEmpty ? "not needed" : waiting.joined(separator: ","))"])
        } catch {
            logger.error("configuration refused, the old one stays", metadata: ["error": "\(error)"])
        }
    }
}
