// SPDX-License-Identifier: Apache-2.0
import LCLModel
import LCLTensor

/// A CLIP of one block with LLaVA's projector, as an `mmproj` file: 2 x 2 patches of 8 pixels become 4 positions. Invented weights.
package enum TinyVision {
    package static let positions = 4

    package static func encoded() -> [UInt8] {
        var writer = GGUFWriter(architecture: "clip"), numbers = Numbers(0.25)
        for (key, value) in [
            ("image_size", 16), ("patch_size", 8), ("embedding_length", 16), ("feed_forward_length", 32), ("block_count", 1), ("attention.head_count", 2),
        ] { writer.set("clip.vision." + key, .uint32(UInt32(value))) }
        writer.set("clip.vision.attention.layer_norm_epsilon", .float32(1e-5))
        writer.set("clip.vision.feature_layer", .int32(1))
        for key in ["image_mean", "image_std"] { writer.set("clip.vision." + key, .array([.float32(0.5), .float32(0.5), .float32(0.5)])) }
        writer.set("clip.projector_type", .string("mlp"))
        func add(_ name: String, _ shape: [Int]) { writer.add(tensor: name, shape: shape, values: numbers.draw(shape.reduce(1, *)), as: .f32) }
        func addNorm(_ name: String) {
            writer.addOnes(name + ".weight", 16)
            add(name + ".bias", [16])
        }
        add("v.patch_embd.weight", [16, 3, 8, 8])
        add("v.class_embd", [16])
        add("v.position_embd.weight", [5, 16])
        addNorm("v.pre_ln")
        for name in ["ln1", "ln2"] { addNorm("v.blk.0.\(name)") }
        for name in ["attn_q", "attn_k", "attn_v", "attn_out"] { add("v.blk.0.\(name).weight", [16, 16]) }
        add("v.blk.0.ffn_up.weight", [32, 16])
        add("v.blk.0.ffn_down.weight", [16, 32])
        add("mm.0.weight", [TinyLanguage.width, 16])
        return writer.encoded()
    }
}
