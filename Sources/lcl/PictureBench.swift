// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation

/// Runs a folder of pictures through something, on several threads, and prints pictures a second and the peak of memory.
struct PictureBench: ParsableArguments {
    @Argument(help: "A folder of JPEG and PNG files.", completion: .directory)
    var folder: String

    @Option(help: "Threads; each takes the next file when it is done with one.")
    var threads = 1

    @Option(help: "Rounds; each goes once through all files.")
    var rounds = 3

    func validate() throws {
        guard (1...1024).contains(threads), (1...10_000).contains(rounds) else {
            throw ValidationError("threads and rounds must be positive, and within reason")
        }
    }

    /// What one thread does with each file's bytes, and what it does at the end of a round.
    typealias Work = (read: (UnsafeRawBufferPointer) throws -> Void, finish: () -> Void)

    /// - Parameter work: makes one thread's work; called anew for each thread and round, outside the time that counts.
    func run(title: String, work: @escaping () -> Work) throws {
        let files = try Self.files(in: folder)
        try print("\(title): \(files.count) files, \(threads) thread(s)")
        var rates: [Double] = [], failed = 0
        for _ in 0..<rounds {
            let (seconds, failures) = round(files, work)
            rates.append(Double(files.count) / seconds)
            failed = failures
            try print("\(rates.last!.formatted(decimals: 1)) pictures/s")
        }
        let median = rates.sorted()[rates.count / 2].formatted(decimals: 1)
        try print("median \(median) pictures/s, \(failed) failed, peak memory \(Self.peakMegabytes()) MB")
    }

    private func round(_ files: [String], _ work: @escaping () -> Work) -> (seconds: Double, failures: Int) {
        let queue = FileQueue(files), ready = DispatchGroup(), done = DispatchGroup(), go = DispatchSemaphore(value: 0)
        // Each thread makes its own work and keeps it to itself.
        nonisolated(unsafe) let work = work
        for _ in 0..<threads {
            ready.enter()
            done.enter()
            let thread = Thread {
                let mine = work()
                ready.leave()
                go.wait()
                while let path = queue.next() {
                    do {
                        let data = try Data(contentsOf: URL(filePath: path))
                        try data.withUnsafeBytes { try mine.read($0) }
                    } catch { queue.countFailure() }
                }
                mine.finish()
                done.leave()
            }
            thread.stackSize = 4 << 20
            thread.start()
        }
        ready.wait()
        let start = ContinuousClock.now
        for _ in 0..<threads { go.signal() }
        done.wait()
        return ((ContinuousClock.now - start) / .seconds(1), queue.failures)
    }

    private static func files(in folder: String) throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted().filter { !$0.hasPrefix(".") }
        guard !names.isEmpty else { throw ValidationError("'\(folder)' has no files") }
        return names.map { folder + "/" + $0 }
    }

    /// proc(5), VmHWM: the largest resident set, which counts the mapped weights too. (getrusage would count what the
    /// process was before it became this program.)
    private static func peakMegabytes() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int(line.filter(\.isNumber)) ?? 0) / 1024
    }
}

/// Hands out files to threads, each once.
private final class FileQueue: @unchecked Sendable {
    // Unchecked: behind the lock.
    private let lock = NSLock()
    private let files: [String]
    private var position = 0
    private(set) var failures = 0

    init(_ files: [String]) { self.files = files }

    func next() -> String? {
        lock.withLock {
            guard position < files.count else { return nil }
            position += 1
            return files[position - 1]
        }
    }

    func countFailure() { lock.withLock { failures += 1 } }
}
