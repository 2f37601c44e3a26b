// SPDX-License-Identifier: Apache-2.0
import LCLTensor

/// A low-rank addition to some of a language model's matrices (LoRA; Hu et al., arXiv 2106.09685), from a GGUF file with
/// llama.cpp's names: `general.type` `adapter`, `adapter.type` `lora`, `adapter.lora.alpha`, and for a matrix such as `blk.0.attn_q.weight` the
/// tensors `blk.0.attn_q.weight.lora_a` `[rank x inputs]` and `.lora_b` `[outputs x rank]`.
public struct LanguageAdapter: Sendable {
    public let path: String
    private let file: GGUFFile
    private let alpha: Float

    /// - Throws: ``ModelError``: `unsupported` where the file is no such adapter, `wrongContent`.
    public init(_ file: GGUFFile) throws(ModelError) {
        for (key, value) in [("general.type", "adapter"), ("adapter.type", "lora")] {
            let found = try file.string(key)
            guard found == value else { throw ModelError(.unsupported, file: file.path, item: key, "it is '\(found)'; an adapter has '\(value)'") }
        }
        alpha = try file.float("adapter.lora.alpha")
        guard alpha.isFinite else { throw file.wrong("adapter.lora.alpha", "it is \(alpha)") }
        (self.file, path) = (file, file.path)
    }

    /// What it adds to this matrix of the model, `[outputs x inputs]`; `nil` where it leaves it alone.
    func term(_ name: String, outputs: Int, inputs: Int) throws(ModelError) -> AdapterTerm? {
        guard let a = file.tensor(name + ".lora_a") else { return nil }
        let rank = a.shape.first ?? 0
        guard (1...4096).contains(rank), rank % 8 == 0 else { throw file.wrong(name + ".lora_a", "its rank is \(rank); a multiple of 8 is needed") }
        return AdapterTerm(
            down: StoredLinear(try file.stored(name + ".lora_a", rows: rank, columns: inputs)),
            up: StoredLinear(try file.stored(name + ".lora_b", rows: outputs, columns: rank)), scale: alpha / Float(rank))
    }

    /// - Throws: ``ModelError/Kind/wrongContent`` where it has something for a matrix that the model lacks, or cannot adapt.
    func checkAll(used names: Set<String>) throws(ModelError) {
        for tensor in file.tensors where !names.contains(String(tensor.name.dropLast(".lora_a".count))) {
            throw file.wrong(tensor.name, "the language model has no matrix that this belongs to; the adapter was made for another model")
        }
    }
}

/// scale x B A x: what an adapter adds to one product.
struct AdapterTerm: Sendable {
    /// [rank x inputs]
    let down: StoredLinear
    /// [outputs x rank]
    let up: StoredLinear
    let scale: Float

    /// `[n x inputs]`, added to `y` `[n x outputs]`.
    func callAsFunction(_ x: Matrix, addedTo y: Matrix, threads: Int) -> Matrix {
        up(down(x, threads: threads).map { $0 * scale }, adding: y, threads: threads)
    }
}

/// A matrix of the model as its file stores it, with what an adapter adds.
struct AdaptedLinear: Sendable {
    let stored: StoredLinear
    let term: AdapterTerm?

    func callAsFunction(_ x: Matrix, adding residual: Matrix? = nil, threads: Int) -> Matrix {
        let y = stored(x, adding: residual, threads: threads)
        return term.map { $0(x, addedTo: y, threads: threads) } ?? y
    }
}
