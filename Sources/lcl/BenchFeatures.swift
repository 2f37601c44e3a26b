// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLImage
import LCLModel

struct BenchFeatures: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features", abstract: "Picture files a second, from disk to the model's features.",
        discussion: "Every thread decodes and encodes its own pictures, as a worker of the daemon does.")

    @OptionGroup var pictures: PictureBench

    @Option(help: "The model's name.")
    var model = "default"

    @Option(help: "Pictures in a batch.")
    var batch = 32

    @Option(help: "'features': the model's taps, as in a job; 'head': the whole network to its mean-pooled head.")
    var depth = Depth.features

    enum Depth: String, ExpressibleByArgument, CaseIterable {
        case features
        case head
    }

    func validate() throws {
        guard (1...4096).contains(batch) else { throw ValidationError("the batch must be 1 to 4096 pictures") }
    }

    func run() throws {
        let (network, taps) = try ModelDirectory.find(model).loadEncoder()
        let wanted = depth == .head ? [Tap.head(.mean)] : taps
        try pictures.run(title: "\(depth.rawValue) of \(model), batch \(batch)") {
            let pipeline = Pipeline(VisionEncoder(network: network, taps: wanted), batch: batch)
            return (read: pipeline.add, finish: pipeline.encode)
        }
    }
}

/// One thread's way from files to features: pictures are gathered until a batch is full.
private final class Pipeline {
    private let encoder: VisionEncoder
    private let reader = PictureReader(side: EfficientNetLite0.inputSize)
    private let batch: Int
    private var waiting = 0
    /// batch x side x side x 3.
    private let pixels: UnsafeMutableBufferPointer<UInt8>

    init(_ encoder: VisionEncoder, batch: Int) {
        self.encoder = encoder
        self.batch = batch
        pixels = .allocate(capacity: batch * reader.preparedCount)
    }

    deinit { pixels.deallocate() }

    func add(_ file: UnsafeRawBufferPointer) throws {
        let start = waiting * reader.preparedCount
        try reader.prepare(file, into: .init(rebasing: pixels[start..<start + reader.preparedCount]))
        waiting += 1
        if waiting == batch { encode() }
    }

    func encode() {
        guard waiting > 0 else { return }
        _ = encoder.features(.init(rebasing: pixels[..<(waiting * reader.preparedCount)]), count: waiting)
        waiting = 0
    }
}
