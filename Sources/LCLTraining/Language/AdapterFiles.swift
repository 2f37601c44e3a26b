// SPDX-License-Identifier: Apache-2.0
import Foundation
import LCLModel
import LCLTensor

/// What was learned, as the two files that a model of it needs beside the language model.
extension LanguageFit.Learned {
    /// The adapters with llama.cpp's names (see `LanguageAdapter`), for a language model of this architecture.
    public func adapterFile(architecture: String) -> [UInt8] {
        var writer = GGUFWriter(architecture: architecture)
        writer.set("general.type", .string("adapter"))
        writer.set("adapter.type", .string("lora"))
        writer.set("adapter.lora.alpha", .float32(LowRank.scale * Float(parameters.blocks[0][0].down.rowCount)))
        for (index, block) in parameters.blocks.enumerated() {
            for (name, adapter) in zip(LanguageBlock.adapted, block) {
                writer.add(tensor: "blk.\(index).\(name).weight.lora_a", adapter.down, as: .f16)
                writer.add(tensor: "blk.\(index).\(name).weight.lora_b", adapter.up, as: .f16)
            }
        }
        return writer.encoded()
    }

    /// The projector (see `ProjectedLite0`), for the encoder whose taps the space reads.
    public func projectorFile() -> [UInt8] {
        var writer = GGUFWriter(architecture: EfficientNetLite0.architecture)
        writer.set("general.type", .string("mmproj"))
        writer.set("\(EfficientNetLite0.architecture).projector.taps", .array(space.parts.map { .string($0.tap) }))
        writer.set("\(EfficientNetLite0.architecture).projector.positions", .uint32(1))
        for (index, part) in space.parts.enumerated() {
            writer.add(tensor: "mm.space.\(index).mean", shape: [part.mean.count], values: part.mean, as: .f32)
            if let map = part.map { writer.add(tensor: "mm.space.\(index).map", map, as: .f16) }
        }
        let projector = parameters.projector, scale = projector.scale
        writer.add(tensor: "mm.0.weight", projector.weights, as: .f32)
        for (name, row) in [("mm.0.bias", projector.bias), ("mm.norm.weight", projector.gain.map { $0 * scale }), ("mm.norm.bias", projector.shift.map { $0 * scale })] {
            writer.add(tensor: name, shape: [row.columnCount], values: row.row(0), as: .f32)
        }
        return writer.encoded()
    }
}
