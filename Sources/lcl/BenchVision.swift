// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import LCLModel
import LCLTensor

struct BenchVision: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vision", abstract: "Pictures a second through a language model's vision transformer.",
        discussion: "Random weights of a known shape, or a file's. One line for each round; the median at the end.")

    @Option(help: "An mmproj GGUF file; random weights where there is none.")
    var model: String?

    @Option(help: "The shape of the random weights: ViT-B/16 or CLIP's ViT-L/14, both at 224 pixels.")
    var shape = Shape.b16

    @Option(help: "Pictures in a batch.")
    var batch = 16

    @Option(help: "Threads.")
    var threads = 2

    @Option(help: "Rounds of one batch each.")
    var rounds = 5

    enum Shape: String, ExpressibleByArgument, CaseIterable {
        case b16
        case l14
    }

    func validate() throws {
        guard (1...1024).contains(batch), (1...1024).contains(threads), (1...10_000).contains(rounds) else {
            throw ValidationError("batch, threads and rounds must be positive, and within reason")
        }
    }

    func run() throws {
        let vision = try VisionModel(open(), threads: threads)
        let squares = (0..<batch).map { picture in (0..<vision.input.byteCount).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761 &+ picture) >> 7) } }
        try print("\(model ?? shape.rawValue): \(vision.positions) positions a picture, batch \(batch), \(threads) thread(s), kernels \(Kernels.best.name)")
        _ = vision.embeddings(Array(squares.prefix(1)))
        let rates = try (0..<rounds).map { _ in
            let start = ContinuousClock.now
            _ = vision.embeddings(squares)
            let rate = Double(batch) / ((ContinuousClock.now - start) / .seconds(1))
            try print("\(rate.formatted(decimals: 2)) pictures/s")
            return rate
        }
        try print("median \(rates.sorted()[rates.count / 2].formatted(decimals: 2)) pictures/s")
    }

    private func open() throws -> GGUFFile {
        if let model { return try GGUFFile(path: model) }
        let path = FileManager.default.temporaryDirectory.appending(path: "lcl-bench-\(UUID().uuidString).gguf")
        defer { try? FileManager.default.removeItem(at: path) }
        try Data(RandomVision(shape).encoded()).write(to: path)
        return try GGUFFile(path: path.path)
    }
}

/// A vision transformer of a known shape that has learned nothing.
private struct RandomVision {
    private var writer = GGUFWriter(architecture: "clip")
    private var state: UInt64 = 1

    init(_ shape: BenchVision.Shape) {
        let (patch, width, heads, blocks) = shape == .b16 ? (16, 768, 12, 12) : (14, 1024, 16, 24), side = 224, grid = side / patch
        for (key, value) in [
            ("image_size", side), ("patch_size", patch), ("embedding_length", width), ("feed_forward_length", 4 * width), ("block_count", blocks),
            ("attention.head_count", heads), ("feature_layer", blocks),
        ] { writer.set("clip.vision.\(key)", .uint32(UInt32(value))) }
        writer.set("clip.vision.attention.layer_norm_epsilon", .float32(1e-5))
        for key in ["image_mean", "image_std"] { writer.set("clip.vision.\(key)", .array([.float32(0.5), .float32(0.5), .float32(0.5)])) }
        writer.set("clip.use_gelu", .bool(shape == .b16))
        add("v.patch_embd.weight", [width, 3, patch, patch])
        add("v.class_embd", [width])
        add("v.position_embd.weight", [grid * grid + 1, width])
        add("v.pre_ln", norm: width)
        for block in 0..<blocks {
            let name = "v.blk.\(block)."
            for norm in ["ln1", "ln2"] { add(name + norm, norm: width) }
            for matrix in ["attn_q", "attn_k", "attn_v", "attn_out"] { add(name + matrix, linear: width, width) }
            add(name + "ffn_up", linear: 4 * width, width)
            add(name + "ffn_down", linear: width, 4 * width)
        }
        add("mm.0", linear: 16, width)
    }

    func encoded() -> [UInt8] { writer.encoded() }

    private mutating func add(_ name: String, linear rows: Int, _ columns: Int) {
        add(name + ".weight", [rows, columns])
        add(name + ".bias", [rows])
    }

    private mutating func add(_ name: String, norm width: Int) {
        writer.add(tensor: name + ".weight", shape: [width], values: [Float](repeating: 1, count: width), as: .f32)
        writer.add(tensor: name + ".bias", shape: [width], values: [Float](repeating: 0, count: width), as: .f32)
    }

    private mutating func add(_ name: String, _ shape: [Int]) {
        let count = shape.reduce(1, *), scale = 1 / Float(count / shape[0]).squareRoot()
        let values = (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int32(truncatingIfNeeded: state >> 32)) / 0x1p31 * scale
        }
        writer.add(tensor: name, shape: shape, values: values, as: shape.count > 1 ? .f16 : .f32)
    }
}
