// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Owns `count` floats at a 64-byte boundary (a cache line, and any vector register). The one place that allocates memory
/// for arithmetic; whoever holds the reference may use the pointer.
final class FloatBuffer: @unchecked Sendable {
    // Unchecked: it is shared only where nobody writes any more (packed weights), or behind Matrix's copy on write.
    let base: UnsafeMutablePointer<Float>
    let count: Int

    /// All zero.
    convenience init(count: Int) {
        self.init(unwritten: count)
        base.initialize(repeating: 0, count: count)
    }

    /// Of any values: for whoever writes each of them before it is read.
    init(unwritten count: Int) {
        precondition(count >= 0, "a buffer has no negative size")
        self.count = count
        let bytes = max(count, 1) * MemoryLayout<Float>.stride, isLarge = bytes >= 2 * Self.hugePage
        let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: isLarge ? Self.hugePage : 64)
        // Advice, which may be declined: fresh memory then comes by the 2 MiB instead of by the 4 KiB.
        if isLarge { madvise(raw, bytes, MADV_HUGEPAGE) }
        base = raw.bindMemory(to: Float.self, capacity: max(count, 1))
    }

    private static let hugePage = 2 << 20

    deinit { UnsafeMutableRawPointer(base).deallocate() }
}
