// SPDX-License-Identifier: Apache-2.0
import CPosix
import Foundation
import LCLImage
import LCLJob
import LCLModel

/// A worker on its standard streams: what `lcld worker` runs.
public enum WorkerStreams {
    /// Exit status of a worker that ended for want of memory.
    public static let exhausted: Int32 = 86
    /// Exit status of a worker whose model was changed or cut short under it.
    public static let bereft: Int32 = 87
    /// Exit status of a worker that the daemon handed a picture no more.
    public static let unserved: Int32 = 75

    /// Exit status of a worker that may not read a model that came since it began to serve its user.
    public static let outdated: Int32 = 88

    /// Until standard input ends, or the daemon is gone. To be called on the first thread, before there is another.
    /// - Parameter memory: bytes of data that the process may allocate; 0 is no limit.
    public static func run(models: String?, trained: String? = nil, limits: ImageLimits, memory: Int) throws {
        cposix_tell_crashes(exhausted, bereft)
        let confinement = Confinement.enter(memory: memory, readable: ModelDirectory.readablePaths(in: ModelDirectory.searchPath(explicit: models, trained: trained)))
        // The rest is for weights in use, pictures and the rows of a batch.
        let shelf = ModelShelf(directory: models, trained: trained, limits: limits, memory: memory > 0 ? memory / 4 * 3 : .max, isWatchful: true)
        // The usual model at once, so that "ready" means it; another is loaded when a job asks for it.
        _ = try? shelf.runner(for: "default")
        var program = WorkerProgram(shelf: shelf, pictures: HandedPictures(), send: write, receive: read)
        try write(.ready(engine: WorkerProgram.engine, confinement: confinement))
        let fault = WorkerFault()
        while let request = try read() {
            fault.reach()
            if case .serve(let user) = request {
                Confinement.narrow(to: shelf.serve(user))
                continue
            }
            do { try program.answer(request) } catch is ModelShelf.Changed {
                exit(bereft)
            } catch is ModelShelf.Outdated {
                exit(outdated)
            } catch is FeatureReader.Exhausted {
                exit(exhausted)
            }
        }
    }

    private static func read() throws -> WorkerRequest? {
        try readLine(strippingNewline: true).map { try CanonicalJSON.decode(WorkerRequest.self, from: Data($0.utf8)) }
    }

    private static func write(_ reply: WorkerReply) throws {
        try FileHandle.standardOutput.write(contentsOf: CanonicalJSON.encode(reply))
    }
}

extension ModelDirectory {
    /// The search path, and where symbolic links in it and in its models lead: all that a model can be made of.
    static func readablePaths(in folders: [String]) -> [String] { folders + linked(folders.flatMap(entries)) }

    /// Where symbolic links lead that are, or lie in, these models.
    static func linked(_ models: [String]) -> [String] {
        (models + models.flatMap(entries)).filter(isLink).map { URL(filePath: $0).resolvingSymlinksInPath().path }
    }

    static func entries(of folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).map { folder + "/" + $0 }
    }

    private static func isLink(_ path: String) -> Bool { (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil }
}
