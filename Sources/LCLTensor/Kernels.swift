// SPDX-License-Identifier: Apache-2.0
import CKernels

/// The instruction set that the arithmetic runs on.
public struct Kernels: Sendable {
    // Unchecked in effect: a pointer to a constant table, valid for the life of the process.
    nonisolated(unsafe) let table: UnsafePointer<lcl_kernels>

    /// The fastest that this processor runs, found once.
    public static let best = Kernels(table: lcl_kernels_best())

    /// Portable C: the reference of the tests.
    public static let plain = Kernels(table: lcl_kernels_plain())

    /// AVX2 at most; equal to the best to the last bit on every processor that has it.
    public static let avx2 = Kernels(table: lcl_kernels_avx2())

    /// `avx2`, for instance.
    public var name: String { String(cString: table.pointee.name) }

    /// IEEE binary16 bits to `Float`, exactly. `half` may lie at any address.
    public func floats(half: UnsafeRawBufferPointer, count: Int) -> [Float] {
        precondition(half.count >= 2 * count, "two bytes for each value")
        return [Float](unsafeUninitializedCapacity: count) { out, initialized in
            guard count > 0 else { return }
            table.pointee.half_to_float(half.baseAddress!.assumingMemoryBound(to: UInt16.self), out.baseAddress!, count)
            initialized = count
        }
    }
}
