// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// The shape of a vision transformer, from the metadata of an `mmproj` file.
///
/// Keys: https://github.com/ggml-org/llama.cpp/blob/master/tools/mtmd/clip-impl.h
struct VisionConfiguration: Equatable, Sendable {
    static let architecture = "clip"

    enum Projector: String, CaseIterable {
        /// One matrix, or two with GELU between: LLaVA (Liu et al., arXiv 2310.03744).
        case mlp
        /// `scale x scale` neighbours side by side, then one matrix: Idefics3 (arXiv 2408.12637).
        case idefics3
    }

    let projector: Projector
    /// Neighbours in each direction that become one position.
    let shuffle: Int
    /// Pixels of the input's and of a patch's side.
    let side: Int
    let patch: Int
    let width: Int
    let feedForward: Int
    let heads: AttentionHeads
    let epsilon: Float
    let activation: Activation
    /// Blocks that the file has, as it says, and hidden state that is projected, counted in blocks run; `nil` where it does not say.
    let blocks: Int
    let featureLayer: Int?
    let input: PictureInput

    /// Patches along each side.
    var grid: Int { side / patch }

    /// - Throws: ``ModelError``: `unsupported` or `wrongContent`.
    init(_ file: GGUFFile) throws(ModelError) {
        func size(_ key: String, _ range: ClosedRange<Int>) throws(ModelError) -> Int {
            let value = try file.integer(key)
            guard range.contains(value) else { throw file.wrong(key, "it is \(value); it must be from \(range.lowerBound) to \(range.upperBound)") }
            return value
        }
        projector = try Self.projector(file)
        side = try size("clip.vision.image_size", 1...4096)
        patch = try size("clip.vision.patch_size", 1...1024)
        width = try size("clip.vision.embedding_length", 16...65_536)
        feedForward = try size("clip.vision.feed_forward_length", 16...1_048_576)
        blocks = try size("clip.vision.block_count", 1...1024)
        let scale = "clip.vision.projector.scale_factor"
        shuffle = projector == .mlp ? 1 : file[scale] == nil ? 2 : try size(scale, 1...64)
        let count = try size("clip.vision.attention.head_count", 1...4096)
        guard side % patch == 0, (side / patch) % shuffle == 0, width % 16 == 0, feedForward % 16 == 0, width % count == 0, width / count % 8 == 0 else {
            throw ModelError(
                .unsupported, file: file.path,
                "a side of \(side) in patches of \(patch) (\(shuffle) together), width \(width) in \(count) heads, feed-forward \(feedForward): patches"
                    + " must fill the side, widths be multiples of 16, heads of 8")
        }
        heads = AttentionHeads(queryHeads: count, memoryHeads: count, size: width / count)
        epsilon = try file.float("clip.vision.attention.layer_norm_epsilon")
        guard epsilon > 0, epsilon < 1 else { throw file.wrong("clip.vision.attention.layer_norm_epsilon", "it is \(epsilon)") }
        activation = try Self.activation(file, projector)
        featureLayer = try Self.featureLayer(file, blocks: blocks)
        input = try Self.input(file, projector, side: side)
    }

    private static func projector(_ file: GGUFFile) throws(ModelError) -> Projector {
        let keys = ["clip.vision.projector_type", "clip.projector_type"]
        guard let key = keys.first(where: { file[$0] != nil }) else { return .mlp }
        let name = try file.string(key)
        // The first files named the one matrix so.
        if name == "linear" { return .mlp }
        guard let projector = Projector(rawValue: name) else {
            throw ModelError(.unsupported, file: file.path, item: key, "'\(name)' is none of linear, \(Projector.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return projector
    }

    /// CLIP's GELU is the exact one, SigLIP's the one by tanh; without a word it is CLIP's quick one.
    private static func activation(_ file: GGUFFile, _ projector: Projector) throws(ModelError) -> Activation {
        if file["clip.use_silu"] == .bool(true) {
            throw ModelError(.unsupported, file: file.path, item: "clip.use_silu", "a vision transformer with SiLU is not read")
        }
        guard file["clip.use_gelu"] == .bool(true) else { return .quickGELU }
        return projector == .idefics3 ? .tanhGELU : .gelu
    }

    /// Hidden state 0 is the input of the first block; a negative number counts from the last block's output, which is -1.
    private static func featureLayer(_ file: GGUFFile, blocks: Int) throws(ModelError) -> Int? {
        let key = "clip.vision.feature_layer"
        guard let value = file[key] else { return nil }
        let layers = value.array ?? [value]
        guard layers.count == 1 else {
            throw ModelError(.unsupported, file: file.path, item: key, "it names \(layers.count) layers; features of one are read")
        }
        guard let layer = layers[0].integer, (-blocks - 1...blocks).contains(layer) else {
            throw file.wrong(key, "it must be a layer of the \(blocks) blocks")
        }
        return layer < 0 ? blocks + 1 + layer : layer
    }

    private static func input(_ file: GGUFFile, _ projector: Projector, side: Int) throws(ModelError) -> PictureInput {
        let mean = try colours(file, "clip.vision.image_mean"), deviation = try colours(file, "clip.vision.image_std")
        guard deviation.min() > 0 else { throw file.wrong("clip.vision.image_std", "its values must be positive") }
        let longestKey = "clip.vision.preproc_image_size", aspectKey = "clip.vision.image_aspect_ratio"
        if projector == .idefics3 {
            let longest = file[longestKey] == nil ? side : try file.integer(longestKey)
            guard (1...4096).contains(longest) else { throw file.wrong(longestKey, "it is \(longest); it must be from 1 to 4096") }
            return PictureInput(side: side, fit: .tiles(longest: longest, split: false), filter: .lanczos, mean: mean, deviation: deviation)
        }
        // LLaVA's own names; what is made of several views is shown as one.
        let aspect = file[aspectKey] == nil ? "pad" : try file.string(aspectKey)
        return PictureInput(
            side: side, fit: aspect == "square" ? .crop : .pad(PictureInput.colour(mean)), filter: .bicubic, mean: mean, deviation: deviation)
    }

    private static func colours(_ file: GGUFFile, _ key: String) throws(ModelError) -> SIMD3<Float> {
        let values = try file.floats(key)
        guard values.count == 3, values.allSatisfy(\.isFinite) else { throw file.wrong(key, "three numbers are needed") }
        return SIMD3(values[0], values[1], values[2])
    }
}
