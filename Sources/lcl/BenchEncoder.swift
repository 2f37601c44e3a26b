// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLModel
import LCLTensor

struct BenchEncoder: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "encoder", abstract: "Pictures a second through the vision encoder.",
        discussion: "Every thread runs its own encoder on its own batch, all on the same weights. One line for each round; the median at the end.")

    @Option(help: "The model's name.")
    var model = "default"

    @Option(help: "Pictures in a batch.")
    var batch = 32

    @Option(help: "Threads, each with its own batch.")
    var threads = 1

    @Option(help: "How long a round lasts.")
    var seconds = 2.0

    @Option(help: "Rounds.")
    var rounds = 5

    @Option(help: "'features': the model's taps, as in a job; 'logits': the whole network.")
    var depth = Depth.features

    enum Depth: String, ExpressibleByArgument, CaseIterable {
        case features
        case logits
    }

    func validate() throws {
        guard batch > 0, batch <= 4096, (1...1024).contains(threads), (1...10_000).contains(rounds), seconds > 0, seconds <= 3600 else {
            throw ValidationError("batch, threads, rounds and seconds must be positive, and within reason")
        }
    }

    func run() throws {
        let (network, taps) = try ModelDirectory.find(model).loadEncoder()
        try print("encoder \(model), \(depth.rawValue), batch \(batch), \(threads) thread(s), kernels \(Kernels.best.name)")
        let rates = try (0..<rounds).map { _ in
            let rate = round(network, taps)
            try print("\(rate.formatted(decimals: 1)) pictures/s")
            return rate
        }
        try print("median \(rates.sorted()[rates.count / 2].formatted(decimals: 1)) pictures/s")
    }

    /// Pictures a second of all threads together; each counts its own whole batches, after one that warms up.
    private func round(_ network: EfficientNetLite0, _ taps: [Tap]) -> Double {
        let ready = DispatchGroup(), done = DispatchGroup(), sum = Sum()
        for _ in 0..<threads {
            ready.enter()
            done.enter()
            let thread = Thread {
                let encoder = VisionEncoder(network: network, taps: taps), pixels = Self.pixels(count: batch)
                run(encoder, pixels)
                ready.leave()
                ready.wait()
                let start = ContinuousClock.now
                var pictures = 0, elapsed = Duration.zero
                while elapsed < .seconds(seconds) {
                    run(encoder, pixels)
                    pictures += batch
                    elapsed = ContinuousClock.now - start
                }
                sum.add(Double(pictures) / (elapsed / .seconds(1)))
                done.leave()
            }
            thread.start()
        }
        done.wait()
        return sum.value
    }

    private func run(_ encoder: VisionEncoder, _ pixels: [UInt8]) {
        pixels.withUnsafeBufferPointer { _ = depth == .logits ? encoder.logits($0, count: batch) : encoder.features($0, count: batch) }
    }

    private static func pixels(count: Int) -> [UInt8] {
        var state: UInt64 = 1
        return (0..<count * EfficientNetLite0.inputSize * EfficientNetLite0.inputSize * 3).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }
}

/// Adds up what several threads measured.
private final class Sum: @unchecked Sendable {
    // Unchecked: behind the lock.
    private let lock = NSLock()
    private var total = 0.0

    func add(_ x: Double) { lock.withLock { total += x } }

    var value: Double { lock.withLock { total } }
}

extension Double {
    /// Fixed decimals, whatever the locale.
    func formatted(decimals: Int) -> String { String(format: "%.\(decimals)f", self) }
}
