// SPDX-License-Identifier: Apache-2.0
import Foundation

/// How far a language model turns each rotary pair, from a GGUF file's `ARCHITECTURE.rope.*`: as trained, or stretched to a longer
/// context by one factor (`linear`), by one for each pair (Llama 3's `rope_freqs.weight`), or by YaRN.
struct RotaryAngles {
    /// Radians per position of each pair.
    let frequencies: [Float]
    /// What sines and cosines are multiplied by: YaRN's temperature, 1 for the others.
    let magnitude: Float

    /// - Throws: ``ModelError``: `unsupported` or `wrongContent`.
    init(_ shards: GGUFShards, _ name: String, headSize: Int, context: Int) throws(ModelError) {
        let keys = Keys(file: shards.first, prefix: "\(name).rope.")
        let base = try keys.number("freq_base", or: 10_000, 1.001...1e12), dimensions = try keys.dimensions(headSize)
        let half = dimensions / 2, trained = (0..<half).map { pow(base, Float(2 * $0) / Float(dimensions)) }
        let factors = shards.tensor("rope_freqs.weight") == nil
            ? [Float](repeating: 1, count: half) : try shards.floats("rope_freqs.weight", count: half)
        guard factors.allSatisfy({ $0 > 0 && $0.isFinite }) else { throw shards.first.wrong("rope_freqs.weight", "its factors must be positive") }
        switch try keys.type() {
        case .none, .llama3:
            (frequencies, magnitude) = (zip(trained, factors).map { 1 / ($0 * $1) }, 1)
        case .linear:
            let factor = try keys.factor()
            (frequencies, magnitude) = (zip(trained, factors).map { 1 / ($0 * factor * $1) }, 1)
        case .yarn:
            let yarn = try YaRN(keys, base: base, dimensions: dimensions, context: context)
            frequencies = (0..<half).map { yarn.share(pair: $0) / (trained[$0] * factors[$0]) }
            magnitude = yarn.magnitude
        }
    }

    fileprivate enum Scaling: String, CaseIterable {
        case none, linear, llama3, yarn
    }

    fileprivate struct Keys {
        let file: GGUFFile
        let prefix: String

        func number(_ key: String, or standard: Float? = nil, _ range: ClosedRange<Float>) throws(ModelError) -> Float {
            if file[prefix + key] == nil, let standard { return standard }
            let whole = file[prefix + key]?.integer.map(Float.init), value: Float  // original_context_length is whole
            if let whole { value = whole } else { value = try file.float(prefix + key) }
            guard range.contains(value) else { throw file.wrong(prefix + key, "it is \(value); it must be from \(range.lowerBound) to \(range.upperBound)") }
            return value
        }

        /// Of linear scaling; older files have it as `scale_linear`. 0 says nothing, as for llama.cpp.
        func factor() throws(ModelError) -> Float {
            let key = file[prefix + "scaling.factor"] == nil && file[prefix + "scale_linear"] != nil ? "scale_linear" : "scaling.factor"
            if file[prefix + key]?.float == 0 { return 1 }
            return try number(key, or: file[prefix + "scaling.type"] == nil ? 1 : nil, 1...1e6)
        }

        func dimensions(_ headSize: Int) throws(ModelError) -> Int {
            let key = prefix + "dimension_count", value = file[key] == nil ? headSize : try file.integer(key)
            guard value > 0, value <= headSize, value % 2 == 0 else {
                throw file.wrong(key, "it is \(value); it must be even and at most the head's \(headSize)")
            }
            return value
        }

        /// A file that names no type is linear, as llama.cpp reads it.
        func type() throws(ModelError) -> Scaling {
            let key = prefix + "scaling.type"
            guard file[key] != nil else { return try factor() == 1 ? .none : .linear }
            let name = try file.string(key)
            if let scaling = Scaling(rawValue: name) { return scaling }
            throw ModelError(
                .unsupported, file: file.path, item: key, "'\(name)' is none of \(Scaling.allCases.map(\.rawValue).joined(separator: ", "))")
        }
    }
}

/// YaRN (Peng et al., arXiv 2309.00071): pairs that turn often within the original context stay, those that turn less than once are
/// stretched by the factor, those between partly; and attention is a little sharper.
private struct YaRN {
    let factor: Float
    /// What sines and cosines are multiplied by.
    let magnitude: Float
    /// The pairs between which the ramp lies.
    private let low: Float
    private let high: Float

    init(_ keys: RotaryAngles.Keys, base: Float, dimensions: Int, context: Int) throws(ModelError) {
        factor = try keys.number("scaling.factor", 1...1e6)
        let original = try keys.number("scaling.original_context_length", or: Float(context), 1...1e9)
        let often = try keys.number("scaling.yarn_beta_fast", or: 32, 0.001...1e6), seldom = try keys.number("scaling.yarn_beta_slow", or: 1, 0.001...1e6)
        let extrapolation = try keys.number("scaling.yarn_ext_factor", or: 1, -1e6...1e6)
        guard extrapolation == 1 || extrapolation == -1 else {  // -1 is llama.cpp's word for its standard, 1
            throw ModelError(
                .unsupported, file: keys.file.path, item: keys.prefix + "scaling.yarn_ext_factor", "it is \(extrapolation); only 1 is read")
        }
        /// The pair that turns so often within the original context.
        func pair(turning count: Float) -> Float { Float(dimensions) * log(original / (count * 2 * .pi)) / (2 * log(base)) }
        low = max(pair(turning: often).rounded(.down), 0)
        high = min(pair(turning: seldom).rounded(.up), Float(dimensions - 1))
        // Only a factor of the file's own differs from the paper's magnitude; llama.cpp multiplies the two.
        magnitude = try keys.number("scaling.attn_factor", or: 1, 0.001...1000) * (0.1 * log(factor) + 1)
    }

    /// Of the trained frequency, what is left of this pair's.
    func share(pair: Int) -> Float {
        let ramp = min(max((Float(pair) - low) / (high == low ? 0.001 : high - low), 0), 1)
        return ramp / factor + 1 - ramp
    }
}
