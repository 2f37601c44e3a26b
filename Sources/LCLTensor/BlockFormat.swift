// SPDX-License-Identifier: Apache-2.0
import CKernels

/// How weights are stored: GGML's number of the tensor type. The quantised ones have blocks of more than one element.
///
/// Layouts: https://github.com/ggml-org/ggml/blob/master/src/ggml-common.h
public enum BlockFormat: UInt32, Sendable, CaseIterable {
    case f32 = 0
    case f16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q4_K = 12
    case q5_K = 13
    case q6_K = 14
    case bf16 = 30

    /// Elements that are stored together, and the bytes they take.
    public var block: (elements: Int, bytes: Int) {
        switch self {
        case .f32: (1, 4)
        case .f16, .bf16: (1, 2)
        case .q4_0: (32, 18)
        case .q4_1: (32, 20)
        case .q5_0: (32, 22)
        case .q5_1: (32, 24)
        case .q8_0: (32, 34)
        case .q4_K: (256, 144)
        case .q5_K: (256, 176)
        case .q6_K: (256, 210)
        }
    }

    /// As GGML writes it: `Q4_K`.
    public var name: String { String(describing: self).uppercased() }

    /// The elements of whole blocks, each as the reference computes it, to the last bit.
    public func floats(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        let blocks = bytes.count / block.bytes
        precondition(bytes.count == blocks * block.bytes, "whole blocks")
        return [Float](unsafeUninitializedCapacity: blocks * block.elements) { out, initialized in
            if let base = out.baseAddress { dequantize(bytes.baseAddress, blocks: blocks, into: base) }
            initialized = blocks * block.elements
        }
    }

    /// Unchecked: `bytes` holds the blocks, `out` their elements.
    func dequantize(_ bytes: UnsafeRawPointer?, blocks: Int, into out: UnsafeMutablePointer<Float>) {
        guard let bytes, blocks > 0 else { return }
        guard let function = lcl_dequantizer_of(rawValue) else { preconditionFailure("a dequantiser for every format") }
        function(bytes.assumingMemoryBound(to: UInt8.self), out, blocks)
    }
}
