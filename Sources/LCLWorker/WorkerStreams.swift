// SPDX-License-Identifier: Apache-2.0
import CPosix
import Foundation
import Glibc
import LCLImage
import LCLJob
import LCLSpool

/// A worker on its standard streams: what `lcld worker` runs.
public enum WorkerStreams {
    /// Until standard input ends, or the daemon is gone.
    /// - Parameter memory: bytes of data that the process may allocate; 0 is no limit.
    public static func run(models: String?, limits: ImageLimits, memory: Int) throws {
        confine(memory: memory)
        // The rest is for weights in use, pictures and the rows of a batch.
        let shelf = ModelShelf(directory: models, limits: limits, memory: memory > 0 ? memory / 4 * 3 : .max)
        // The usual model at once, so that "ready" means it; another is loaded when a job asks for it.
        _ = try? shelf.runner(for: "default")
        var program = WorkerProgram(shelf: shelf, source: { try JobDirectory.snapshot($0) }, send: write)
        try write(.ready(engine: WorkerProgram.engine))
        while let line = readLine(strippingNewline: true) {
            try program.answer(CanonicalJSON.decode(WorkerRequest.self, from: Data(line.utf8)))
        }
    }

    /// Gives up what a worker never needs: the daemon's rights over other users' files, core dumps, memory beyond its share.
    private static func confine(memory: Int) {
        cposix_drop_capabilities()
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        guard memory > 0 else { return }
        // Private data only: mapped weights and the address space that OpenBLAS reserves do not count.
        var data = rlimit(rlim_cur: rlim_t(memory), rlim_max: rlim_t(memory))
        setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &data)
    }

    private static func write(_ reply: WorkerReply) throws {
        try FileHandle.standardOutput.write(contentsOf: CanonicalJSON.encode(reply))
    }
}
