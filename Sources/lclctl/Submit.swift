// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLControl
import LCLJob
import LCLSpool
import LCLText

struct Submit: Command {
    static let configuration = CommandConfiguration(
        abstract: "Give a job to the daemon, and print its id.",
        usage: """
            lclctl submit [<options>] <path>
            lclctl submit [<options>] --label <name=glob> ... --queries <glob> ...
            """,
        discussion: """
            A path is a directory with job.json, a directory with support/LABEL/ and queries/, or a manifest. \
            Pictures are copied into the spool, so the originals may change afterwards. The daemon need not run: \
            the job waits in the spool. Where it runs, the id is printed once it has taken the job in.

            Example:

              lclctl submit --wait --label cat=cats --label dog=dogs --queries new
            """)
    @Argument(help: "A job's directory, or a manifest.", completion: .file())
    var path: String?
    @Option(
        name: .customLong("label"),
        help: ArgumentHelp("A label and the pictures that show it; at least two labels.", valueName: "name=glob"),
        transform: Self.label)
    var labels: [LooseFiles.LabelArgument] = []
    @Option(parsing: .upToNextOption, help: ArgumentHelp("The pictures to be answered.", valueName: "glob"), completion: .file())
    var queries: [String] = []
    @OptionGroup(title: "Job options") var options: ManifestOptions
    @Flag(help: "Wait until the job ends, showing its progress on standard error, and print its results.")
    var wait = false
    @OptionGroup var form: ResultForm
    @Option(help: ArgumentHelp("The spool; otherwise $LCLD_SPOOL, the running daemon's, or /var/spool/lcld.", valueName: "directory"), completion: .directory)
    var spool: String?
    @OptionGroup var socket: SocketOption

    func validate() throws {
        if path != nil && !(labels.isEmpty && queries.isEmpty) { throw ValidationError("give a path, or --label and --queries, not both") }
        if path == nil && (labels.isEmpty || queries.isEmpty) { throw ValidationError("give a path, or at least two --label and --queries") }
        if form.kind != nil && !wait { throw ValidationError("--json and --csv need --wait") }
    }

    func execute() async throws {
        let staging: Staging
        do { staging = try prepare() } catch let problems as Problems {
            Complaint.tell(problems.problems.map { (path.map { "\($0): " } ?? "") + "\($0)" }.joined(separator: "\n"))
            throw ExitStatus.failed
        }
        let files = staging.copies.map { Producer.File(source: $0.from, path: $0.to) }
        let producer = Producer(spool: Spool(root: try await spoolDirectory()))
        let id = try producer.submit(manifest: staging.manifest, files: files)
        let client = socket.client
        guard wait else {
            // The id is printed whatever comes: the job is safe in the spool. What is still open is told beside it.
            do { try await Self.appearance(of: id, client, within: .seconds(5)) } catch let error as ControlError { Complaint.tell("\(error)") }
            return try Terminal.output.print(id.rawValue)
        }
        let last: JobProgress?
        do {
            do { try await Self.appearance(of: id, client, within: .seconds(5)) } catch let error as ControlError where error.code == .timeout {
                Complaint.tell("\(error)")
                try await Self.appearance(of: id, client, within: .seconds(55))
            }
            last = try await Watch.follow(id, client, on: .errors, json: false)
        } catch let error as ControlError {
            Complaint.tell("job '\(id)' is in the spool; do not submit it again: `lclctl watch \(id)` waits for it")
            throw error
        }
        guard last?.state == .done else {
            if let failure = try await client.job(id).summary.failure { Complaint.tell("\(id): \(failure)") }
            throw ExitStatus.failed
        }
        try await form.print(id, client)
    }

    /// The job as it will lie in the spool.
    /// - Throws: ``Problems``: everything that is wrong with the manifest, and every picture that cannot be copied.
    private func prepare() throws -> Staging {
        var source = try (path.map(JobSource.read) ?? LooseFiles.source(labels: labels, queries: queries)).get()
        source.manifest.name = source.manifest.name ?? path.map { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent }
        if source.manifest.task == .train, let option = options.answering { throw ValidationError("\(option) has no meaning for a training") }
        options.apply(to: &source.manifest)
        // What cannot be copied; pictures that are bad otherwise get their answer like all others.
        let absent = source.pictureProblems().filter { [.imageMissing, .imageNotAFile, .imageUnreadable].contains($0.code) }
        guard absent.isEmpty else { throw Problems(absent) }
        let staging = Staging(source)
        // What the command line put in passes the same door as a manifest of somebody else's.
        _ = try Manifest.read(CanonicalJSON.encode(staging.manifest)).get()
        return staging
    }

    /// - Throws: ``ControlError``, `notRunning`, where no daemon has made a spool there.
    private func spoolDirectory() async throws -> String {
        let named = spool ?? ProcessInfo.processInfo.environment["LCLD_SPOOL"].flatMap { $0.isEmpty ? nil : $0 }
        let directory: String
        if let named { directory = named } else { directory = (try? await socket.client.status().spool) ?? "/var/spool/lcld" }
        guard FileManager.default.fileExists(atPath: directory) else {
            throw ControlError(
                .notRunning,
                "there is no spool at '\(directory)': start the daemon with `systemctl start lcld`, or name its spool with --spool or $LCLD_SPOOL; `lcl classify` answers a job without a daemon")
        }
        return directory
    }

    /// Waits until intake has taken the job in.
    private static func appearance(of id: JobID, _ client: ControlClient, within time: Duration) async throws {
        let deadline = ContinuousClock.now + time
        var pause = Duration.milliseconds(20)
        while true {
            do {
                _ = try await client.job(id)
                return
            } catch let error as ControlError where [.noSuchJob, .tooManyRequests].contains(error.code) {
                guard ContinuousClock.now < deadline else {
                    throw ControlError(.timeout, "the daemon has not taken job '\(id)' in yet; it is in the spool, and `lclctl status` may say why")
                }
                try await Task.sleep(for: pause)
                pause = min(pause * 1.25, .seconds(1))
            }
        }
    }

    private static func label(_ text: String) throws -> LooseFiles.LabelArgument {
        guard let label = LooseFiles.LabelArgument(text) else { throw ValidationError("'\(text)' is not NAME=GLOB") }
        return label
    }
}
