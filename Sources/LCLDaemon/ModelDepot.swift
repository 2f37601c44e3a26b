// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import LCLControl
import LCLDigest
import LCLJob
import LCLLink
import LCLModel
import LCLSpool
import LCLWorker
import Synchronization

/// The models that trainings make: whose they are, who may use them, and how they come to be. Only the daemon writes here.
package struct ModelDepot: Sendable {
    /// `STATE/models`.
    let home: String
    /// Where models are looked for; ``home`` is among them.
    let searchPath: [String]
    /// Models that a user may have; 0 is no bound.
    private let most: @Sendable () -> Int
    /// A name is looked at and given away by one task at a time.
    private let door = Lock()

    private final class Lock: Sendable { let mutex = Mutex(()) }

    package init(home: String, searchPath: [String], most: @escaping @Sendable () -> Int = { 0 }) {
        self.home = home
        self.searchPath = searchPath
        self.most = most
    }

    /// Makes the directory, and removes what a crash left.
    package func prepare() throws {
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        try DurableDirectory.sweep(home)
    }

    // MARK: Who may

    /// Whether there is anything to refuse: most jobs ask the model that nobody trained.
    static func guards(_ manifest: Manifest) -> Bool { manifest.training != nil || manifest.model != standard }

    private static let standard = "default"

    /// Why this user may not have such a job, or `nil`. A foreign model is as one that is not there.
    package func refusal(of manifest: Manifest, for uid: UInt32) -> Failure? {
        guard Self.guards(manifest) else { return nil }
        if let trained = try? ModelDirectory.find(manifest.model, in: searchPath).card.trained, !trained.shared, trained.owner != uid, !Self.isAdministrator(uid) {
            return Failure(.modelUnknown, "there is no model '\(manifest.model)'; `lcl model list` shows the models", subject: "$.model")
        }
        guard let training = manifest.training else { return nil }
        if training.shared, !Self.isAdministrator(uid) {
            return Failure(
                .trainingNotAllowed, "only administrators make models for everybody; leave 'shared' out, and the model is yours alone", subject: "$.training.shared")
        }
        // After an interruption it would learn from its own outcome.
        if training.name == manifest.model {
            return Failure(.trainingTaken, "'\(training.name)' is the model that it learns from; choose another name", subject: "$.training.name")
        }
        guard isFree(training.name, for: uid) else {
            return Failure(
                .trainingTaken, "the name '\(training.name)' is taken by a model that is not yours; choose another", subject: "$.training.name")
        }
        return excess(training.name, for: uid)
    }

    /// Where one more model is more than the user may have.
    private func excess(_ name: String, for uid: UInt32) -> Failure? {
        let most = most()
        guard most > 0, !Self.isAdministrator(uid) else { return nil }
        let others = ModelDirectory.all(in: [home]).count { $0.name != name && (try? $0.model.get().card.trained?.owner) == uid }
        return others < most ? nil : Failure(
            .quotaExceeded, "\(most) trained models are allowed and you have \(others); train under one of their names, or have an administrator remove one",
            subject: "$.training.name")
    }

    /// Nothing has the name, or a model that this very user trained.
    private func isFree(_ name: String, for uid: UInt32) -> Bool {
        guard name != Self.standard else { return false }
        for place in searchPath where access("\(place)/\(name)", F_OK) == 0 {
            guard place == home, let owner = try? ModelDirectory(path: "\(place)/\(name)").card.trained?.owner, owner == uid else { return false }
        }
        return true
    }

    /// Looked up once: getgrnam is not reentrant.
    private static let administrators = getgrnam(ControlServer.adminGroup)?.pointee.gr_gid

    /// Root, the daemon's own user, and members of the group of administrators.
    static func isAdministrator(_ uid: UInt32) -> Bool {
        if uid == 0 || uid == geteuid() { return true }
        var entry = passwd(), found: UnsafeMutablePointer<passwd>?, text = [CChar](repeating: 0, count: 16_384)
        guard let administrators, getpwuid_r(uid, &entry, &text, text.count, &found) == 0, let user = found else { return false }
        var groups = [gid_t](repeating: 0, count: 1024), count = Int32(groups.count)
        guard getgrouplist(user.pointee.pw_name, user.pointee.pw_gid, &groups, &count) >= 0 else { return false }
        return groups.prefix(Int(count)).contains(administrators)
    }

    // MARK: Publishing

    /// What cannot be published, and why.
    package enum Refused: Error {
        /// The submitter's to mend.
        case failure(Failure)
        /// The worker's word is none: it may have been taken over.
        case nonsense(String)
        /// The base model is another than the one that was trained from.
        case baseChanged
    }

    /// Makes the model whole and on the disk, in place of an older one of its owner; the same input makes the same bytes.
    /// - Parameter link: the bytes of a link file, as a worker said them.
    /// - Throws: ``Refused``; ``SpoolError`` where the machine is at fault.
    package func publish(
        _ link: Data, job: JobID, of uid: UInt32, _ manifest: Manifest, base identity: JobResult.ModelIdentity
    ) throws -> JobResult.ModelIdentity {
        guard let training = manifest.training else { preconditionFailure("a training's manifest") }
        return try door.mutex.withLock { _ in
            if let failure = refusal(of: manifest, for: uid) { throw Refused.failure(failure) }
            guard let base = try? ModelDirectory.find(manifest.model, in: searchPath), base.identity == identity.sha256 else { throw Refused.baseChanged }
            do { try check(link, for: base, training) } catch { throw Refused.nonsense("\(error)") }
            let digest = link.withUnsafeBytes { SHA256.hash($0).hex }
            let card = base.card.retrained(
                as: training.name, description: "trained by job \(job) from \(base.card.name): \(manifest.labels.count) labels, \(training.strategy.rawValue)",
                link: WorkerPart.linkName, digest: digest,
                .init(job: job.rawValue, owner: uid, shared: training.shared, base: base.card.name, baseSHA256: base.identity))
            let bytes = try card.encoded()
            var contents: [String: DurableDirectory.Content] = [ModelCard.fileName: .bytes(bytes), WorkerPart.linkName: .bytes(link)]
            for file in card.files.keys where contents[file] == nil { contents[file] = .file(base.path(of: file)) }
            try DurableDirectory.put(contents, at: "\(home)/\(training.name)", for: training.shared ? .everybody : .user(uid))
            return .init(name: training.name, sha256: bytes.withUnsafeBytes { SHA256.hash($0).hex })
        }
    }

    /// Whether the bytes are a link file that fits the base model's encoder: read here as a worker will read it.
    private func check(_ link: Data, for base: ModelDirectory, _ training: Manifest.Training) throws {
        let file = try LinkFile(gguf: GGUFFile(copying: [UInt8](link), path: WorkerPart.linkName)), encoder = try base.encoder()
        func require(_ condition: Bool, _ reason: String) throws(LinkError) { if !condition { throw .file(path: WorkerPart.linkName, reason: reason) } }
        try require(file.training.encoder == base.card.encoderDigest, "it is of another encoder")
        try require(file.training.strategy == training.strategy.rawValue, "it is of another strategy")
        if let mismatch = file.mismatch(with: encoder.allTaps) { try require(false, mismatch) }
    }
}
